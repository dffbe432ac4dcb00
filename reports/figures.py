"""Methods -> the panels of figures of one setting, in reading order. Torch-free, and nothing is drawn here."""

from __future__ import annotations

from collections.abc import Sequence

from rsbench.metrics import TASKS, Metric
from rsbench.reports import units
from rsbench.reports.curves import density_panel, training_panel
from rsbench.reports.figure import Axis, Bars, Figure, Mark, Panel, Points, Series
from rsbench.reports.methods import SPLIT, Method
from rsbench.reports.predictions import confusion_panel, pictures_panel, roc_panel

MOST_LINES = 8
"""So many methods can be told apart where each is a line."""
PARTS = tuple(part.removesuffix("_s") for part in SPLIT)


def panels_of(methods: Sequence[Method], reference: Method | None) -> tuple[Panel, ...]:
    """Return all figures that there are data for.

    Args:
        methods: the rows of a setting's tables.
        reference: the row that the others are compared with, None if it has not finished.
    """
    finished = [method for method in methods if method.chosen]
    trained = [method for method in finished if method.trains]
    panels: list[Panel | None] = []
    if trained:
        marks = marks_of(trained, reference)
        metric = TASKS[trained[0].chosen[0]["dataset"]["task"]].metric
        ranked = ranking(trained, reference, metric)
        panels.append(_bytes_panel(trained, marks, metric))
    panels.append(_time_panel(finished))
    if trained:
        lines = [method for method in trained if method in ranked[:MOST_LINES]]
        panels.append(training_panel(lines, marks, metric, left_out=len(trained) - len(lines)))
        panels.append(roc_panel(lines, marks))
        panels.append(density_panel(lines))
        panels.append(confusion_panel(ranked))
        panels.append(pictures_panel(ranked))
    return tuple(panel for panel in panels if panel is not None)


def marks_of(trained: Sequence[Method], reference: Method | None) -> dict[str, Mark]:
    """Return label to mark: style 0 for the reference, the others numbered in the order of the rows."""
    others = [method.label for method in trained if method is not reference]
    styles = {label: number for number, label in enumerate(others, start=1)}
    return {method.label: Mark(label=method.label, style=styles.get(method.label, 0)) for method in trained}


def ranking(trained: Sequence[Method], reference: Method | None, metric: Metric) -> list[Method]:
    """Return the methods with the reference first, then by the mean of the test metric, best first."""

    def worth(method: Method) -> tuple[bool, float]:
        found = method.test(metric.name)
        return method is reference, float("-inf") if found is None else found.mean

    return sorted(trained, key=worth, reverse=True)


def _bytes_panel(trained: Sequence[Method], marks: dict[str, Mark], metric: Metric) -> Panel | None:
    """Return the test metric against payload bytes, which is the question of the whole report."""
    series = []
    for method in trained:
        sent, found = method.mean("traffic", "payload_bytes_per_step"), method.test(metric.name)
        if not sent or found is None:
            continue
        scale = 100 if metric.percent else 1
        shown = units.percent_spread(found) + " %" if metric.percent else f"{found.mean:.{metric.decimals}f}"
        series.append(
            Series(
                mark=marks[method.label],
                x=(sent,),
                y=(scale * found.mean,),
                sd=(None if found.sd is None else scale * found.sd,),
                tip=f"{method.label}: {metric.heading} {shown}, {units.data_size(sent)} a step",
            )
        )
    if len(series) < 2:
        return None
    front = pareto_front([(one.x[0], one.y[0]) for one in series])
    figure = Points(
        title=f"{metric.heading} against bytes",
        caption=(
            f"Test {metric.heading}, mean and sd over seeds, against the payload of a worker in a step. Up and left is "
            "better; on the dashed front no other method has both more accuracy and fewer bytes."
        ),
        x=Axis(title="payload / step", unit="B", log=True),
        y=axis_of(metric),
        series=tuple(series),
        front=tuple((series[index].x[0], series[index].y[0]) for index in front),
    )
    return Panel(title="What is saved and what is lost", figures=(figure,), legend=tuple(one.mark for one in series))


def axis_of(metric: Metric) -> Axis:
    """Return the vertical axis of a metric."""
    return Axis(title=metric.heading, unit="%" if metric.percent else "")


def _time_panel(finished: Sequence[Method]) -> Panel | None:
    """Return where the time of a step goes, one bar a method."""
    rows = []
    for method in finished:
        values = tuple(1000 * (method.mean("time", part) or 0.0) for part in SPLIT)
        if sum(values) > 0:
            rows.append((method.label, values))
    if not rows:
        return None
    figure: Figure = Bars(
        title="Parts of a step",
        caption="Means over steps and seeds, measured; waiting is what communication adds beyond what it overlaps with.",
        unit="ms",
        parts=PARTS,
        rows=tuple(rows),
    )
    legend = tuple(Mark(label=part, style=number) for number, part in enumerate(PARTS))
    return Panel(title="Where the time goes", figures=(figure,), legend=legend)


def pareto_front(points: Sequence[tuple[float, float]]) -> list[int]:
    """Return the indices of the (bytes, score) points on the front, by bytes: fewer bytes and a higher score are better."""
    front: list[int] = []
    for index in sorted(range(len(points)), key=lambda index: (points[index][0], -points[index][1])):
        if not front or points[index][1] > points[front[-1]][1]:
            front.append(index)
    return front
