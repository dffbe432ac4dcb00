"""Histories of runs -> curves against steps, seconds and bytes, and the density of tensors over a run."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final

from rsbench import units
from rsbench.cell import key_version_of
from rsbench.metrics import Metric
from rsbench.reports.analysis.methods import Method
from rsbench.reports.analysis.reached import sent_bytes
from rsbench.reports.analysis.statistics.differences import spread
from rsbench.reports.document.figure import Axis, Heat, Lines, Mark, Panel, Series, more_in_tables
from rsbench.reports.pruning.selection import scoring_steps

MOST_DENSITIES: Final = 3
"""Methods whose densities are drawn over the run."""
CHANGED: Final = 1.05
"""Factor between a tensor's largest and smallest density from which it is said to change."""

_TRAINING_SECONDS: Final = 3
"""The first key version whose histories count seconds of training steps alone."""

_AFTER_SCORING: Final = (
    "Rows with scores begin after their scoring phase, whose network is thrown away; its steps, time and bytes count, "
    "those of the exchange of scores among them."
)

Entry = Mapping[str, Any]
"""One of a history's entries."""

_AGAINST: Final = (
    (itemgetter("step"), Axis(title="steps"), "steps"),
    (itemgetter("elapsed_s"), Axis(title="time", unit="s"), "time"),
    (sent_bytes, Axis(title="payload sent by a worker", unit="B", log=True), "bytes"),
)
"""What reads a place on an axis from a history's entry, the axis, and what titles call it."""


def training_panel(
    methods: Sequence[Method], marks: Mapping[str, Mark], metric: Metric, *, left_out: int
) -> Panel | None:
    """Return validation and loss against steps, time and bytes; None where no run kept a history.

    Args:
        methods: those to be drawn.
        marks: by label.
        metric: what ``val_score`` is.
        left_out: how many methods more there are.
    """
    score = Axis(title=f"validation {metric.heading}", unit="%" if metric.percent else "")
    loss = Axis(title="training loss", log=True)
    shared = {method.label: _shared_steps(method) for method in methods}
    drawn: list[Lines] = []
    for field, y, scale in (("val_score", score, 100.0 if metric.percent else 1.0), ("train_loss", loss, 1.0)):
        means = {label: [_mean(entries, field, scale) for entries in steps] for label, steps in shared.items()}
        for against, x, name in _AGAINST:
            curves = (_curve(marks[label], _places(shared[label], against), means[label], x, y) for label in shared)
            series = tuple(one for one in curves if one is not None)
            if series:
                title = f"{y.title[:1].upper()}{y.title[1:]} against {name}"
                drawn.append(Lines(title=title, caption="", x=x, y=y, series=series))
    if not drawn:
        return None
    note = "Means over seeds with a band of one sd, one point an epoch, at the learning rate that the tables take. "
    note += _time_words(methods)
    if any(method.prune.scores for method in methods):
        note += f" {_AFTER_SCORING}"
    if left_out > 0:
        note += f" Drawn are the best. {more_in_tables(left_out)}"
    shown = {one.mark.label for figure in drawn for one in figure.series}
    legend = tuple(marks[method.label] for method in methods if method.label in shown)
    return Panel(title="How training went", figures=tuple(drawn), legend=legend, note=note)


def _time_words(methods: Sequence[Method]) -> str:
    """Return what the seconds of histories are of: until key version 3, they ran on while epochs were validated."""
    if any(key_version_of(record) < _TRAINING_SECONDS for method in methods for record in method.records):
        return "Time includes validation, as earlier versions of rsbench counted it."
    return "Time is that of training steps alone."


def _shared_steps(method: Method) -> list[list[Entry]]:
    """Return the histories' entries of all seeds, side by side, for the steps that all of them reached.

    Those of a scoring phase are left out: they are of a network that is thrown away.
    """
    histories = [
        {step: entry for entry in record.get("history") or [] if (step := int(entry["step"])) > scoring_steps(record)}
        for record in method.chosen
    ]
    steps = set(histories[0]).intersection(*histories[1:])
    return [[history[step] for history in histories] for step in sorted(steps)]


def _mean(entries: Sequence[Entry], field: str, scale: float = 1.0) -> tuple[float, float | None] | None:
    """Return mean and sd of a field over seeds, None where none has it."""
    over_seeds = spread([scale * entry[field] for entry in entries if entry[field] is not None])
    return None if over_seeds is None else (over_seeds.mean, over_seeds.sd)


def _places(steps: Sequence[Sequence[Entry]], place: Callable[[Entry], float | None]) -> list[float | None]:
    """Return where on a horizontal axis the steps stand, on average over seeds."""
    known = [[float(at) for entry in entries if (at := place(entry)) is not None] for entries in steps]
    return [math.fsum(values) / len(values) if values else None for values in known]


def _curve(
    mark: Mark, places: Sequence[float | None], means: Sequence[tuple[float, float | None] | None], x: Axis, y: Axis
) -> Series | None:
    """Return one method's line through the points that the axes can show, None where they are fewer than two."""
    points = [
        (at, *mean)
        for at, mean in zip(places, means, strict=True)
        if at is not None and mean is not None and (at > 0 or not x.log) and (mean[0] > 0 or not y.log)
    ]
    if len(points) < 2:
        return None
    xs, ys, sds = zip(*points, strict=True)
    return Series(mark=mark, x=xs, y=ys, half=sds, tip=mark.label)


def density_panel(methods: Sequence[Method]) -> Panel | None:
    """Return the density of tensors over the run for methods that change it; None where none does."""
    figures = [figure for figure in map(_density_figure, methods) if figure is not None]
    if not figures:
        return None
    left_out = len(figures) - MOST_DENSITIES
    note = "Of the first seed; tensors that are always sent whole are left out."
    if left_out > 0:
        note += f" {left_out} more {'method changes its' if left_out == 1 else 'methods change their'} densities."
    return Panel(
        title="Density of tensors over the run", figures=tuple(figures[:MOST_DENSITIES]), note=note, is_detail=True
    )


def _density_figure(method: Method) -> Heat | None:
    """Return one method's densities by tensor and epoch, strong where dense, on a logarithmic scale."""
    history = method.chosen[0].get("history") or []
    names = list(dict.fromkeys(name for entry in history for name in entry["density_per_tensor"]))
    rows = {name: [entry["density_per_tensor"].get(name) or 0.0 for entry in history] for name in names}
    rows = {name: values for name, values in rows.items() if min(values) < 1}
    positive = [value for values in rows.values() for value in values if value > 0]
    changed = any(max(values) > CHANGED * min(values) for values in rows.values())
    if len(history) < 2 or not changed or not positive:
        return None
    low, high = min(positive), max(positive)
    width = math.log(high / low) or 1.0

    def strength(value: float) -> float:
        return 0.0 if value <= 0 else 0.12 + 0.88 * math.log(value / low) / width

    return Heat(
        title=method.label,
        caption="",
        rows=tuple(rows),
        columns=tuple(f"{entry['step']:,}" for entry in history),
        row_title="tensor, in the model's order",
        column_title="step",
        values=tuple(tuple(strength(value) for value in values) for values in rows.values()),
        scale=(f"{units.significant(100 * low, 2)} % sent", f"{units.significant(100 * high, 2)} %"),
    )
