"""Training-set selection: what each row keeps, what it reaches, and what scoring and training take."""

from __future__ import annotations

from typing import Final

from rsbench import units
from rsbench.metrics import Metric
from rsbench.reports.analysis import numbers
from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.statistics.differences import Difference
from rsbench.reports.document.table import Cell, Column, Notes, Row, Table
from rsbench.reports.pruning.selection import Selection, Spent, gaps_to_whole, lost_classes, selections_of

READ: Final = (
    "Equal epochs: as many passes over the kept samples as over all, so fewer steps. Equal steps: as many steps as on "
    "all samples, so more passes. Scoring trains on all samples first; its bytes hold gradients and the exchange of "
    "scores, and in all is scoring and training together. Curves against bytes, the Pareto front and bytes to a score "
    "count both; ratios are of the payload alone."
)
_COLUMNS: Final = tuple(
    Column(title=title, better="lower", key=key)
    for title, key in (
        ("Steps, scoring", "scoring_steps"),
        ("Steps, training", "training_steps"),
        ("Steps, in all", "all_steps"),
        ("Sent, scoring", "scoring_bytes"),
        ("Sent, training", "training_bytes"),
        ("Sent, in all", "all_bytes"),
        ("Time, scoring", "scoring_s"),
        ("Time, training", "training_s"),
        ("Time, in all", "all_s"),
    )
)


def selection_table(comparison: Comparison, notes: Notes) -> Table | None:
    """Return one row a method, None where all rows train on all samples."""
    selections = selections_of(comparison)
    if not selections:
        return None
    metric, gaps = comparison.metric, gaps_to_whole(comparison, selections)
    columns = (
        Column(title="Method", align="left", key="method"),
        Column(title="Kept", key="kept"),
        Column(title="Equal", align="left", key="budget"),
        Column(title=metric.heading, unit=numbers.score_unit(metric), key=metric.name),
        Column(title="vs all samples", unit=numbers.gap_unit(metric), better="higher", key="whole_difference"),
        *_COLUMNS,
    )
    mark = notes.mark(READ)
    rows = [_row(one, metric, gaps.get(one.method.label), notes) for one in selections]
    return Table.of(f"Training-set selection {mark}", columns, rows)


def _row(one: Selection, metric: Metric, gap: Difference | None, notes: Notes) -> Row:
    """Return what a row keeps, reaches and takes."""
    score = one.method.test(metric.name)
    lost = lost_classes(one.method)
    mark = ""
    if lost:
        shown = ", ".join(lost[:5]) + (f" and {len(lost) - 5} more" if len(lost) > 5 else "")
        mark = notes.mark(f"{one.method.label} keeps no sample of {shown} in some seed.")
    return (
        one.method.label,
        Cell(" ".join(filter(None, [f"{one.kept:,.0f} of {one.of:,.0f}", mark])), one.kept),
        one.method.prune.budget if one.is_pruned else units.DASH,
        Cell(numbers.spread_text(metric, score), score),
        Cell(numbers.gap_text(metric, gap), gap),
        *(_steps_cell(spent) for spent in (one.scoring, one.training, one.total)),
        *(Cell(_bytes_text(spent), spent.sent_bytes) for spent in (one.scoring, one.training, one.total)),
        *(Cell(_time_text(spent), spent.train_s) for spent in (one.scoring, one.training, one.total)),
    )


def _steps_cell(spent: Spent) -> Cell:
    return Cell(f"{spent.steps:,.0f}" if spent.steps else units.DASH, spent.steps)


def _bytes_text(spent: Spent) -> str:
    return units.bytes_text(spent.sent_bytes) if spent.steps else units.DASH


def _time_text(spent: Spent) -> str:
    return units.duration_text(spent.train_s) if spent.steps else units.DASH
