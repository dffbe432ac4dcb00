"""The panels of figures of one setting, in reading order. They are data: nothing is drawn here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rsbench.links.link import Link
from rsbench.metrics import Metric
from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.methods import Method, parts_of
from rsbench.reports.document.figure import Bars, Mark, Panel, more_in_tables
from rsbench.reports.figures.curves import density_panel, training_panel
from rsbench.reports.figures.link_speeds import link_speeds_panel
from rsbench.reports.figures.marks import marks_of
from rsbench.reports.figures.payload import payload_panel
from rsbench.reports.figures.predictions import confusion_panel, pictures_panel, roc_panel

MOST_LINES: Final = 8
"""Methods that can be told apart where each is a line."""
MOST_BARS: Final = 27
"""Methods that have a bar each."""
BARS_A_FIGURE: Final = 9
_MEASURED: Final = "Measured, means over steps and seeds. Wait is what communication adds beyond what it overlaps with."


def panels_of(comparison: Comparison, links: Sequence[Link] = ()) -> tuple[Panel, ...]:
    """Return all figures that there are data for; links that were asked for are marked."""
    finished, trained, metric = comparison.finished, comparison.trained, comparison.metric
    if not trained:
        return tuple(filter(None, [_time_panel(finished)]))
    marks = marks_of(trained, comparison.reference)
    ranked = ranking(trained, comparison.reference, metric)
    lines = _best(trained, ranked, MOST_LINES)
    panels = (
        payload_panel(comparison, ranked, marks),
        link_speeds_panel(comparison, links, ranked, marks, MOST_LINES),
        _time_panel(_best(finished, [*ranked, *finished], MOST_BARS), left_out=max(0, len(finished) - MOST_BARS)),
        training_panel(lines, marks, metric, left_out=len(trained) - len(lines)),
        roc_panel(lines, marks),
        density_panel(ranked),
        confusion_panel(ranked),
        pictures_panel(ranked),
    )
    return tuple(panel for panel in panels if panel is not None)


def _best(methods: Sequence[Method], ranked: Sequence[Method], most: int) -> list[Method]:
    """Return the methods, in the order of the tables, that come first in another order."""
    kept = {method.label for method in ranked[:most]}
    return [method for method in methods if method.label in kept]


def ranking(trained: Sequence[Method], reference: Method | None, metric: Metric) -> list[Method]:
    """Return the methods with the reference first, then by the mean of the test metric, best first."""

    def worth(method: Method) -> tuple[bool, float]:
        score = method.test(metric.name)
        return method is reference, float("-inf") if score is None else score.mean

    return sorted(trained, key=worth, reverse=True)


def _time_panel(finished: Sequence[Method], left_out: int = 0) -> Panel | None:
    """Return where the time of a step goes, one bar a method."""
    parts, rows = parts_of(finished), []
    for method in finished:
        values = tuple(1000 * (method.mean("time", part) or 0.0) for part in parts)
        if sum(values) > 0:
            rows.append((method.label, values))
    if not rows:
        return None
    names = tuple(part.removesuffix("_s") for part in parts)
    longest = max(sum(values) for _, values in rows)
    figures = tuple(
        Bars(
            title=f"Parts of a step{', continued' if start else ''}",
            caption="",
            unit="ms",
            parts=names,
            rows=tuple(rows[start : start + BARS_A_FIGURE]),
            longest=longest,
        )
        for start in range(0, len(rows), BARS_A_FIGURE)
    )
    legend = tuple(Mark(label=part, style=number) for number, part in enumerate(names))
    note = f"{_MEASURED} {more_in_tables(left_out)}".strip()
    return Panel(title="Where the time goes", figures=figures, legend=legend, note=note)
