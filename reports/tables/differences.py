"""The metric of each row beside that of a row of the reader's choice, and how fine a difference can be told."""

from __future__ import annotations

from collections.abc import Mapping

from rsbench.metrics import Metric
from rsbench.reports.analysis import numbers
from rsbench.reports.analysis.comparison import WORTH_NAMING, Comparison
from rsbench.reports.analysis.context import seeds_for_worth
from rsbench.reports.analysis.interval_words import (
    ABOUT_ONE_SEED,
    about_words,
    method_words,
    one_seed_words,
    together_words,
)
from rsbench.reports.analysis.methods import Method
from rsbench.reports.analysis.statistics.differences import Difference
from rsbench.reports.document.table import Cell, Column, Notes, Row, Table
from rsbench.reports.tables.columns import EMPTY, METHOD, count_cell, gap_column, score_cell, score_column


def differences_table(comparison: Comparison, notes: Notes) -> Table | None:
    """Return one row a method beside ``comparison.against``, None where no finished row is called so."""
    base = next((method for method in comparison.finished if method.label == comparison.against), None)
    if base is None:
        return None
    metric, gaps = comparison.metric, comparison.gaps_to(base)
    needed = seeds_for_worth(comparison, gaps)
    rows: list[Row] = []
    for method in comparison.trained:
        score, gap = method.test(metric.name), gaps.get(method.label)
        text = " ".join(filter(None, [numbers.gap_text(metric, gap), _one_seed_mark(method, base, gap, notes)]))
        pairs = EMPTY if gap is None else count_cell(gap.count)
        seeds = _needed_cell(method.label, needed)
        rows.append((method.label, score_cell(metric, score), Cell(text, gap), pairs, _resolution(metric, gap), seeds))
    if any(gap is not None and gap.p is not None for gap in gaps.values()):
        together = together_words(gaps, f"with {base.label}")
        notes.mark(
            f"Differences to {base.label}: intervals {together} (95 %, {method_words(gaps)}). Resolution is half their "
            f"width. {about_words(comparison, gaps)}"
        )
    columns = (
        METHOD,
        score_column(metric),
        gap_column(metric, base.label),
        Column(title="Common seeds"),
        Column(title="Resolution", unit=numbers.gap_unit(metric), better="lower", key="resolution"),
        Column(title=f"Seeds for {numbers.threshold_text(metric, WORTH_NAMING)}", key="seeds_needed"),
    )
    return Table.of(f"Paired differences to {base.label}", columns, rows)


def _one_seed_mark(method: Method, base: Method, gap: Difference | None, notes: Notes) -> str:
    """Return the mark of what one common seed tells, empty where there is nothing to say."""
    words = one_seed_words(method, base) if gap is not None and gap.count == 1 else ""
    if not words:
        return ""
    mark = notes.mark(words)
    notes.mark(ABOUT_ONE_SEED)
    return mark


def _resolution(metric: Metric, gap: Difference | None) -> Cell:
    """Return half the width of an interval, to which a difference is known."""
    if gap is None or gap.low is None or gap.high is None:
        return EMPTY
    half = (gap.high - gap.low) / 2
    return Cell(numbers.score_text(metric, half), half)


def _needed_cell(label: str, needed: Mapping[str, int | None]) -> Cell:
    """Return how many seeds a difference worth naming takes, ``never`` where no number is enough."""
    if label not in needed:
        return EMPTY
    seeds = needed[label]
    return Cell("never", None) if seeds is None else count_cell(seeds)
