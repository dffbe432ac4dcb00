"""The same work on several numbers of workers -> how step time and throughput scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rsbench.recipe.model_text import model_label
from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.groups import by_workers, group_by
from rsbench.reports.analysis.methods import REFERENCE, Method
from rsbench.reports.document.figure import Axis, Figure, Lines, Mark, Panel, Series, more_in_tables
from rsbench.reports.figures.panels import MOST_LINES


def scaling_panels(comparisons: Sequence[Comparison]) -> tuple[Panel, ...]:
    """Return a panel for each piece of work that finished on several numbers of workers on the same hardware."""
    panels = (_panel(group) for group in group_by("workers", comparisons))
    return tuple(panel for panel in panels if panel is not None)


def _panel(group: Sequence[Comparison]) -> Panel | None:
    """Return one work's step time and throughput by number of workers, None where no row has several."""
    rows = by_workers(group, "step_time_s", "images_per_s")
    several = {label: row for label, row in rows.items() if len(row) > 1}
    if not several:
        return None
    labels = sorted(several, key=lambda label: label != REFERENCE)[:MOST_LINES]
    first = 0 if REFERENCE in labels else 1  # style 0 is the reference's alone
    marks = tuple(Mark(label=label, style=style) for style, label in enumerate(labels, start=first))
    steps = [_series(several[mark.label], mark, "step_time_s", 1000.0) for mark in marks]
    images = [_series(several[mark.label], mark, "images_per_s", 1.0) for mark in marks]
    fewest = min(workers for label in labels for workers in several[label])
    workers_axis = Axis(title="workers")
    figures: tuple[Figure, ...] = (
        Lines(
            title="Step time by workers",
            caption="Mean of the seeds' median steps; the images a worker takes in a step stay the same.",
            x=workers_axis,
            y=Axis(title="step", unit="ms"),
            series=tuple(steps),
        ),
        Lines(
            title="Speed-up by workers",
            caption=f"Images a second of all workers over the same method's with {fewest}; thin line: ideal.",
            x=workers_axis,
            y=Axis(title="speed-up"),
            series=tuple(_relative(one) for one in images),
            guide=_ideal(images, fewest),
        ),
    )
    cell = group[0].setting.cell
    title = f"Scaling: {cell['dataset']}, {model_label(str(cell['model']))} on {cell['device']}"
    note = f"Hardware: {group[0].setting.hardware}. {more_in_tables(len(several) - len(labels))}".strip()
    return Panel(title=title, figures=figures, legend=marks, note=note)


def _series(row: dict[int, Method], mark: Mark, name: str, scale: float) -> Series:
    """Return one method's means by number of workers."""
    points = [(float(workers), method.mean("time", name)) for workers, method in sorted(row.items())]
    known = [(workers, scale * value) for workers, value in points if value is not None]
    xs, ys = zip(*known, strict=True)
    return Series(mark=mark, x=xs, y=ys, half=(None,) * len(known), tip=mark.label)


def _relative(series: Series) -> Series:
    """Return the series as multiples of its first point."""
    return replace(series, y=tuple(y / series.y[0] for y in series.y))


def _ideal(images: Sequence[Series], fewest: int) -> tuple[tuple[float, float], ...]:
    """Return the ends of the line on which twice the workers do twice the work."""
    most = max(one.x[-1] for one in images)
    return ((float(fewest), 1.0), (most, most / fewest))
