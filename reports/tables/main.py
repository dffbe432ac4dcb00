"""The table that most people look for: accuracy, bytes and speed of each method."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from rsbench import units
from rsbench.measure.asked_ratio import miss_text
from rsbench.reports.analysis import numbers
from rsbench.reports.analysis.best import best_labels, best_words
from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.context import target_origins
from rsbench.reports.analysis.interval_words import (
    ABOUT_ONE_SEED,
    about_words,
    method_words,
    one_seed_words,
    together_words,
)
from rsbench.reports.analysis.methods import Method
from rsbench.reports.costs.link_model import BreakEven
from rsbench.reports.document.table import Cell, Column, Notes, Row, Table
from rsbench.reports.tables.columns import (
    EMPTY,
    METHOD,
    bytes_cell,
    gap_cell,
    gap_column,
    ms_cell,
    ratio_cell,
    score_cell,
    score_column,
)
from rsbench.reports.tables.paper import paper_cell, paper_column
from rsbench.reports.tables.rounds import fewer_exchanges_mark
from rsbench.results.schema import STATUSES, Record

_COSTS: Final = (
    Column(title="Ratio", better="higher", key="compression_ratio", is_first=True),
    Column(title="Break-even", key="break_even", is_first=True),
    Column(title="Payload/step", better="lower", key="payload_bytes_per_step"),
    Column(title="Step", unit="ms", better="lower", key="step_time_s"),
    Column(title="Speed-up", better="higher", key="speed_up"),
)
ONE_D_SHARE: Final = 0.25
"""Share of the payload from which one-dimensional tensors are worth a note."""


def comparison_table(comparison: Comparison, notes: Notes) -> Table:
    """Return one row a method, then one a baseline that needs no training."""
    metric = comparison.metric
    best, paper = best_labels(comparison), paper_column(comparison)
    papers = () if paper is None else (paper,)
    gap_to_none = replace(gap_column(metric, "none"), is_first=True)
    columns = (METHOD, score_column(metric), gap_to_none, *papers, *_COSTS)
    rows = [_row(method, comparison, notes, is_best=method.label in best) for method in comparison.methods]
    if papers:
        cells = (paper_cell(method, comparison, notes) for method in comparison.methods)
        rows = [(*row[:3], cell, *row[3:]) for row, cell in zip(rows, cells, strict=True)]
    for baseline in comparison.baselines:
        score, gap = baseline.test(metric.name), comparison.baseline_gap(baseline)
        row = (baseline.label, score_cell(metric, score), gap_cell(metric, gap))
        rows.append((*row, *[EMPTY] * (len(columns) - len(row))))
    for origin in target_origins(comparison.setting.records):
        notes.mark(f"Spectrum of the target: {origin}.")
    if comparison.comparisons:
        notes.mark(interval_words(comparison))
    if best:
        notes.mark(f"Bold: {best_words(comparison)}.")
    return Table.of("Comparison", columns, rows)


def interval_words(comparison: Comparison) -> str:
    """Return how the intervals of a table are made, and what they are about."""
    gaps = comparison.gaps
    baselines = ", those of rows without training each alone" if comparison.baselines else ""
    return (
        f"Intervals in {comparison.metric.heading} {together_words(gaps, 'with none')}{baselines} "
        f"(95 %, {method_words(gaps)}), ~ where one holds zero. {about_words(comparison, gaps)}"
    )


def _row(method: Method, comparison: Comparison, notes: Notes, *, is_best: bool) -> Row:
    """Return one method's accuracy, in bold where it is the best, bytes and speed."""
    name = Cell(_name(method, notes), method.label)
    if not method.chosen:
        return (name, Cell(_statuses(method)), *[EMPTY] * (1 + len(_COSTS)))
    metric, point = comparison.metric, comparison.break_even(method)
    return (
        name,
        score_cell(metric, method.test(metric.name))._replace(is_best=is_best) if method.trains else EMPTY,
        Cell(_gap_text(method, comparison, notes), comparison.gap(method)),
        _run_ratio(method, notes),
        Cell(_break_even_text(point, notes), point),
        bytes_cell(method.mean("traffic", "payload_bytes_per_step")),
        ms_cell(method.step_s),
        EMPTY if method is comparison.reference else ratio_cell(comparison.speed_up(method), 2),
    )


def _break_even_text(point: BreakEven | None, notes: Notes) -> str:
    """Return the speed, or ``?`` with a mark for the reason."""
    text = numbers.break_even_text(point)
    return f"{text} {notes.mark(f'No break-even speed: {point.doubt}.')}" if point and point.doubt else text


def _run_ratio(method: Method, notes: Notes) -> Cell:
    """Return the compression ratio of the run, marked where it is not as asked or 1-D tensors take much of it."""
    ratio, marks = method.mean("traffic", "compression_ratio"), [fewer_exchanges_mark(method, notes)]
    missed = next(filter(None, (miss_text(record["cell"], record["traffic"]) for record in method.chosen)), "")
    if missed:
        marks.append(notes.mark(f"{method.label}: {missed}."))
    share = method.mean("traffic", "one_d_share") or 0.0
    if share > ONE_D_SHARE:
        text = f"{method.label}: 1-D tensors, sent dense, take {100 * share:.0f} % of the payload"
        marks.append(notes.mark(f"{text}; they bound the ratio that can be reached."))
    return Cell(" ".join(filter(None, [units.ratio_text(ratio), *marks])), ratio)


def _name(method: Method, notes: Notes) -> str:
    """Return the row's label, marked when cells are missing, part of it was off, or its accuracy means nothing."""
    marks = []
    missing = [_missing_text(record) for record in method.records if record["status"] != "done"]
    if missing:
        cells = units.count_text(len(missing), "cell")
        marks.append(notes.mark(f"{method.label}: {cells} not done: {'; '.join(missing)}."))
    marks += [notes.mark(text) for text in dict.fromkeys(map(_reset_text, method.done)) if text]
    if method.note:
        marks.append(notes.mark(f"{method.note.strip().rstrip('.')}."))
    if method.done and not method.trains:
        text = f"{method.label} sends nothing and does not train: its step is the headroom of any compressor."
        marks.append(notes.mark(text))
    return " ".join([method.label, *marks])


def _reset_text(record: Record) -> str:
    """Return what is said of a cell whose compressor lost its state on the way, empty for others."""
    step = (record["provenance"].get("runtime") or {}).get("compressor_reset_at_step")
    if step is None:
        return ""
    seed = f"seed {record['cell']['seed']}"
    return f"{seed} went on from step {step:,} without the compressor's state (--reset-compressor)."


def _missing_text(record: Record) -> str:
    """Return ``lr 0.05 seed 1 timeout (reason)`` on one line."""
    cell = record["cell"]
    reason = " ".join(str(record["reason"]).split()).rstrip(".") or "no reason recorded"
    return f"lr {cell['lr']:g} seed {cell['seed']} {record['status']} ({reason})"


def _statuses(method: Method) -> str:
    """Return the statuses of a row without a finished cell, ``tuning`` while it has only cells of the tuning seed."""
    occurring = {record["status"] for record in method.counted} - ({"done"} if method.tuning_seeds else set())
    return " and ".join(status for status in STATUSES if status in occurring) if occurring else "tuning"


def _gap_text(method: Method, comparison: Comparison, notes: Notes) -> str:
    """Return the difference to ``none``, with the pairs counted where they are fewer than its seeds."""
    gap, reference = comparison.gap(method), comparison.reference
    if gap is None or reference is None:
        return units.DASH
    text = numbers.gap_text(comparison.metric, gap)
    if gap.low is None and gap.count > 1:
        words = f"the difference is the same in all {gap.count} seeds, too few to judge one without spread"
        return f"{text} {notes.mark(f'No interval: {words}.')}"
    if gap.low is None:
        pairs = "one seed only" if len(reference.chosen) == 1 else "one seed in common with none"
        told = one_seed_words(method, reference)
        marks = [f"No interval: {pairs}.", *([told] if told else [])]
        text = " ".join([text, *map(notes.mark, marks)])
        if told:
            notes.mark(ABOUT_ONE_SEED)
        return text
    if gap.count < len(reference.chosen):
        text += " " + notes.mark(
            f"{method.label}: compared over the {gap.count} seeds in common with none's {len(reference.chosen)}."
        )
    return text
