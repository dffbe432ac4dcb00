"""Accuracy against the bytes that are sent: what is saved and what is lost."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rsbench import units
from rsbench.metrics import Metric
from rsbench.reports.analysis import numbers
from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.methods import Method, front_of
from rsbench.reports.analysis.statistics.differences import Difference
from rsbench.reports.document.figure import Axis, Label, Mark, Panel, Points, Series, ShapedMark, more_in_tables
from rsbench.reports.figures.marks import exchanges_in_ways, family, ratio_of, way_marks

MOST_POINTS: Final = 24
"""Rows that can be told apart where each is a point of its own colour and marker."""
MOST_ALIKE: Final = 60
"""Rows that have room where those of one method look alike."""


MOST_RATIOS: Final = 6
"""Ratios whose names have room above the points."""
MOST_LABELS: Final = 10
"""Methods whose names have room beside their points; more have a legend."""


@dataclass(frozen=True, kw_only=True)
class _Against:
    """What accuracy is drawn against.

    Attributes:
        sent_bytes: returns a row's bytes, None where they are unknown.
        axis: the title of its axis.
        words: what captions call it.
        after: what stands behind a number of it.
    """

    sent_bytes: Callable[[Method], float | None]
    axis: str
    words: str
    after: str


_A_STEP: Final = _Against(
    sent_bytes=lambda method: method.mean("traffic", "payload_bytes_per_step"),
    axis="payload / step",
    words="the payload of a worker in a step",
    after="a step",
)
_A_RUN: Final = _Against(
    sent_bytes=lambda method: method.sent_bytes,
    axis="payload of the run",
    words="the payload of a worker in the whole run",
    after="in the run",
)


def payload_panel(comparison: Comparison, ranked: Sequence[Method], marks: Mapping[str, Mark]) -> Panel | None:
    """Return the test metric against payload bytes, which is the question of the whole report.

    Where rows exchange at different times it is the bytes of the run, and rows of one compressor that exchange in one
    way look alike: their ratios are their places on the axis.

    Args:
        comparison: the rows.
        ranked: those that train, the most important first.
        marks: label -> mark where each row has its own.
    """
    trained, metric = comparison.trained, comparison.metric
    in_ways = exchanges_in_ways(trained)
    shared = in_ways or any(isinstance(mark, ShapedMark) for mark in marks.values())
    against, most = (_A_RUN if in_ways else _A_STEP), (MOST_ALIKE if shared else MOST_POINTS)
    own: Mapping[str, Mark] = way_marks(trained) if in_ways else marks
    points = {
        method.label: _point(method, own[method.label], metric, against, comparison.gap(method)) for method in trained
    }
    series = {label: point for label, point in points.items() if point is not None}
    if len(series) < 2:
        return None
    front = [label for label in front_of(trained, comparison.means, against.sent_bytes) if label in series]
    kept = set(list(dict.fromkeys(front + [method.label for method in ranked if method.label in series]))[:most])
    drawn = {label: one for label, one in series.items() if label in kept}
    rows = [method for method in trained if method.label in drawn]
    families = _families(rows, drawn)
    is_labelled = not in_ways and len(families) <= MOST_LABELS
    scale = 100 if metric.percent else 1
    figure = Points(
        title=f"{metric.heading} against bytes",
        caption=_caption(
            metric,
            against,
            front,
            has_ratios=is_labelled and len(rows) > len(families),
            has_bars=any(one.half[0] is not None for one in drawn.values()),
        ),
        x=Axis(title=against.axis, unit="B", log=True),
        y=Axis(title=metric.heading, unit="%" if metric.percent else ""),
        series=tuple(drawn.values()),
        front=tuple((series[label].x[0], scale * comparison.means[label]) for label in front),
        joined=() if in_ways else tuple(_joined(members) for members in families.values() if len(members) > 1),
        labels=tuple(_label(name, members) for name, members in families.items()) if is_labelled else (),
        places=() if in_ways else _places(rows, drawn),
    )
    return Panel(
        title="What is saved and what is lost",
        figures=(figure,),
        legend=() if is_labelled else tuple(dict.fromkeys(one.mark for one in drawn.values())),
        note=more_in_tables(len(series) - len(drawn)),
        is_hero=True,
    )


def _caption(metric: Metric, against: _Against, front: Sequence[str], *, has_ratios: bool, has_bars: bool) -> str:
    """Return what is shown and how to read it."""
    meaning = "On the dashed front no other row has both a better mean and fewer bytes."
    if len(front) == 1:
        meaning = f"{front[0]} has the best mean and the fewest bytes."
    ratios = " A line joins a method's ratios." if has_ratios else ""
    bars = (
        " A bar is the 95 % interval of a row's difference to none, put around the row's mean; it ends early where it "
        "would leave the figure."
    )
    return (
        f"Test {metric.heading}, mean over seeds, against {against.words}.{bars if has_bars else ''}{ratios} {meaning}"
    )


def _families(rows: Sequence[Method], drawn: Mapping[str, Series]) -> dict[str, list[Series]]:
    """Return the points of each method, fewest bytes first, by what they are called together."""
    members: dict[str, list[Method]] = {}
    for method in rows:
        members.setdefault(family(method), []).append(method)
    return {
        name if len(methods) > 1 else methods[0].label: sorted(
            (drawn[method.label] for method in methods), key=lambda one: one.x
        )
        for name, methods in members.items()
    }


def _joined(members: Sequence[Series]) -> Series:
    """Return the line through a method's points."""
    return Series(
        mark=members[0].mark,
        x=tuple(one.x[0] for one in members),
        y=tuple(one.y[0] for one in members),
        half=(None,) * len(members),
    )


def _label(name: str, members: Sequence[Series]) -> Label:
    """Return a method's name at its point with the fewest bytes, where methods are the farthest apart."""
    first = members[0]
    return Label(text=name, style=first.mark.style, x=first.x[0], y=first.y[0])


def _places(rows: Sequence[Method], drawn: Mapping[str, Series]) -> tuple[tuple[str, float], ...]:
    """Return the ratios that were asked for with the bytes that their rows send; none of one, or of too many."""
    by_ratio: dict[float, list[float]] = {}
    for method in rows:
        ratio = ratio_of(method)
        if ratio is not None:
            by_ratio.setdefault(ratio, []).append(drawn[method.label].x[0])
    if not 2 <= len(by_ratio) <= MOST_RATIOS:
        return ()
    return tuple((units.ratio_text(ratio, 2), statistics.median(sent)) for ratio, sent in sorted(by_ratio.items()))


def _point(method: Method, mark: Mark, metric: Metric, against: _Against, gap: Difference | None) -> Series | None:
    """Return one method's bytes and test metric, None where one is unknown; a bar where there is an interval."""
    sent, score = against.sent_bytes(method), method.test(metric.name)
    if sent is None or sent <= 0 or score is None:
        return None
    scale = 100 if metric.percent else 1
    shown = f"{numbers.spread_text(metric, score)}{' %' if metric.percent else ''}"
    against_none = f", {numbers.gap_text(metric, gap)} against none" if gap is not None else ""
    half = None if gap is None or gap.low is None or gap.high is None else scale * (gap.high - gap.low) / 2
    return Series(
        mark=mark,
        x=(sent,),
        y=(scale * score.mean,),
        half=(half,),
        tip=f"{method.label}: {metric.heading} {shown}{against_none}, {units.bytes_text(sent)} {against.after}",
    )
