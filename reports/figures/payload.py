"""Accuracy against the bytes that are sent: what is saved and what is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rsbench import units
from rsbench.metrics import Metric
from rsbench.recipe.sync import KINDS
from rsbench.reports.analysis import numbers
from rsbench.reports.analysis.methods import Method
from rsbench.reports.analysis.statistics import pareto_front
from rsbench.reports.document.figure import Axis, Mark, Panel, Points, Series, ShapedMark, more_in_tables

MOST_POINTS: Final = 24
"""Rows that can be told apart where each is a point of its own colour and marker."""
MOST_OF_FAMILIES: Final = 60
"""Rows that have room where those of one compressor and way look alike."""


@dataclass(frozen=True, kw_only=True)
class _Against:
    """What accuracy is drawn against.

    Attributes:
        field: of the records' traffic.
        axis: the title of its axis.
        words: what captions call it.
        after: what stands behind a number of it.
    """

    field: str
    axis: str
    words: str
    after: str


_A_STEP: Final = _Against(
    field="payload_bytes_per_step", axis="payload / step", words="the payload of a worker in a step", after="a step"
)
_A_RUN: Final = _Against(
    field="payload_bytes_total",
    axis="payload of the run",
    words="the payload of a worker in the whole run",
    after="in the run",
)


def payload_panel(
    trained: Sequence[Method], ranked: Sequence[Method], marks: Mapping[str, Mark], metric: Metric
) -> Panel | None:
    """Return the test metric against payload bytes, which is the question of the whole report.

    Where rows exchange at different times it is the bytes of the run, and rows of one compressor that exchange in one
    way look alike: their ratios are their places on the axis.

    Args:
        trained: the rows.
        ranked: the same, the most important first.
        marks: label -> mark where each row has its own.
        metric: that rows are compared by.
    """
    in_ways = any(method.sync.kind != "steps" for method in trained)
    against, most = (_A_RUN, MOST_OF_FAMILIES) if in_ways else (_A_STEP, MOST_POINTS)
    own: Mapping[str, Mark] = family_marks(trained) if in_ways else marks
    points = {method.label: _point(method, own[method.label], metric, against) for method in trained}
    series = {label: point for label, point in points.items() if point is not None}
    if len(series) < 2:
        return None
    labels = list(series)
    front = [labels[index] for index in pareto_front([(one.x[0], one.y[0]) for one in series.values()])]
    kept = set(list(dict.fromkeys(front + [method.label for method in ranked if method.label in series]))[:most])
    drawn = tuple(one for label, one in series.items() if label in kept)
    meaning = "on the dashed front no other method has both more accuracy and fewer bytes"
    if len(front) == 1:
        meaning = f"{front[0]} has the best mean and the fewest bytes"
    figure = Points(
        title=f"{metric.heading} against bytes",
        caption=(
            f"Test {metric.heading}, mean and sd over seeds, against {against.words}. Up and left is better; {meaning}."
        ),
        x=Axis(title=against.axis, unit="B", log=True),
        y=Axis(title=metric.heading, unit="%" if metric.percent else ""),
        series=drawn,
        front=tuple((series[label].x[0], series[label].y[0]) for label in front),
    )
    return Panel(
        title="What is saved and what is lost",
        figures=(figure,),
        legend=tuple(dict.fromkeys(one.mark for one in drawn)),
        note=more_in_tables(len(series) - len(drawn)),
    )


def family_marks(methods: Sequence[Method]) -> dict[str, ShapedMark]:
    """Return label -> mark: colours are compressors, markers are ways to exchange, style 0 is the reference's alone."""
    names = list(dict.fromkeys(method.name for method in methods if not method.is_dense))
    styles = {name: number for number, name in enumerate(names, start=1)}
    return {
        method.label: ShapedMark(
            label=method.name if method.sync.kind == "steps" else f"{method.name}, {method.sync.kind}",
            style=0 if method.is_dense else styles[method.name],
            shape=0 if method.is_dense else KINDS.index(method.sync.kind) + 1,
        )
        for method in methods
    }


def _point(method: Method, mark: Mark, metric: Metric, against: _Against) -> Series | None:
    """Return one method's bytes and test metric, None where one of them is unknown."""
    sent, score = method.mean("traffic", against.field), method.test(metric.name)
    if sent is None or sent <= 0 or score is None:
        return None
    scale = 100 if metric.percent else 1
    shown = f"{numbers.spread_text(metric, score)}{' %' if metric.percent else ''}"
    return Series(
        mark=mark,
        x=(sent,),
        y=(scale * score.mean,),
        sd=(None if score.sd is None else scale * score.sd,),
        tip=f"{method.label}: {metric.heading} {shown}, {units.bytes_text(sent)} {against.after}",
    )
