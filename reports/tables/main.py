"""Methods -> the tables that people read."""

from __future__ import annotations

from typing import Literal

from rsbench import units
from rsbench.metrics import Metric
from rsbench.reports.analysis import numbers
from rsbench.reports.analysis.comparison import Comparison, gaps_to
from rsbench.reports.analysis.link_model import break_even
from rsbench.reports.analysis.methods import SPLIT, Method
from rsbench.reports.analysis.statistics import Spread
from rsbench.reports.document.table import Cell, Column, Notes, Row, Table
from rsbench.results.schema import STATUSES, Record

_NAME = Column(title="Method", align="left", key="method")
_DASH = Cell(units.DASH)
_COSTS = (
    Column(title="Payload/step", better="lower", key="payload_bytes_per_step"),
    Column(title="Ratio", better="higher", key="compression_ratio"),
    Column(title="Step", unit="ms", better="lower", key="step_time_s"),
    Column(title="Speed-up", better="higher", key="speed_up"),
    Column(title="Break-even", key="break_even"),
)
_DETAILS = (
    Column(title="LR", key="lr"),
    Column(title="Seeds", key="seeds"),
    Column(title="Steady ratio", better="higher"),
    Column(title="Wire ratio", better="higher"),
    Column(title="Density", unit="%", key="density"),
    Column(title="Pareto", key="on_pareto_front"),
)
_TIMES = (
    _NAME,
    *(Column(title=part.removesuffix("_s"), key=part) for part in (*SPLIT, "overlapped_s")),
    Column(title="Steps", key="steps_counted"),
)
ONE_D_SHARE = 0.25
"""Share of the payload from which one-dimensional tensors are worth a note."""


def score_column(metric: Metric) -> Column:
    """Return the column of a metric over seeds."""
    better: Literal["higher", "lower"] = "higher" if metric.higher_is_better else "lower"
    return Column(title=metric.heading, unit=numbers.score_unit(metric), better=better, key=metric.name)


def gap_column(metric: Metric, label: str) -> Column:
    """Return the column of differences to a row."""
    return Column(title=f"vs {label}", unit=numbers.gap_unit(metric), better="higher", key=f"{metric.name}_difference")


def comparison_table(comparison: Comparison, notes: Notes) -> Table:
    """Return what most people look for, one row a method; marks stand for the notes added."""
    metric = comparison.metric
    rows = [_comparison_row(method, comparison, notes) for method in comparison.methods]
    for baseline in comparison.baselines:
        gap, found = comparison.baseline_gap(baseline), baseline.test(metric.name)
        score = Cell(numbers.spread_text(metric, found), found)
        rows.append((baseline.label, score, Cell(numbers.gap_text(metric, gap), gap), *[_DASH] * len(_COSTS)))
    if comparison.comparisons > 1:
        notes.mark(
            f"~ stands where a difference in {metric.heading} cannot be told from zero by paired t tests after Holm's "
            f"correction for the {comparison.comparisons} comparisons with none in this table; intervals are of one "
            "comparison each."
        )
    return Table.of("Comparison", (_NAME, score_column(metric), gap_column(metric, "none"), *_COSTS), rows)


def _comparison_row(method: Method, comparison: Comparison, notes: Notes) -> Row:
    """Return one method's accuracy, bytes and speed."""
    name = Cell(_name(method, notes), method.label)
    if not method.chosen:
        return (name, Cell(_statuses(method)), *[_DASH] * (1 + len(_COSTS)))
    reference, metric = comparison.reference, comparison.metric
    step_s = method.mean("time", "step_time_s")
    none_s = reference.mean("time", "step_time_s") if reference else None
    faster = none_s / step_s if none_s and step_s and method is not reference else None
    point = None
    if reference is not None and method is not reference and method.cost and reference.cost:
        point = break_even(method.cost, reference.cost)
    payload, found = method.mean("traffic", "payload_bytes_per_step"), method.test(metric.name)
    return (
        name,
        Cell(numbers.spread_text(metric, found), found) if method.trains else _DASH,
        Cell(_versus(method, comparison, notes), comparison.gap(method)),
        Cell(units.bytes_text(payload), payload),
        _whole_ratio(method, notes),
        Cell(units.ms_text(step_s), step_s),
        Cell(units.ratio_text(faster, 2), faster),
        Cell(numbers.break_even_text(point), point),
    )


def against_table(comparison: Comparison, label: str) -> Table | None:
    """Return the metric beside that of a row of the reader's choice; None where no finished row is called so.

    Args:
        comparison: all rows.
        label: as the tables call the row, such as ``rsdgc 100x``.
    """
    base = next((method for method in comparison.methods if method.label == label and method.chosen), None)
    if base is None:
        return None
    metric = comparison.metric
    gaps = gaps_to(base, comparison.trained, metric)
    rows = []
    for method in comparison.trained:
        found, gap = method.test(metric.name), gaps.get(method.label)
        pairs = None if gap is None else gap.count
        score = Cell(numbers.spread_text(metric, found), found)
        count = Cell(units.DASH if pairs is None else str(pairs), pairs)
        rows.append((method.label, score, Cell(numbers.gap_text(metric, gap), gap), count))
    columns = (_NAME, score_column(metric), gap_column(metric, label), Column(title="Common seeds"))
    return Table.of(f"Paired differences to {label}", columns, rows)


def _whole_ratio(method: Method, notes: Notes) -> Cell:
    """Return the compression ratio of the run, marked where 1-D tensors take much of the payload."""
    ratio = method.mean("traffic", "compression_ratio")
    share = method.mean("traffic", "one_d_share") or 0.0
    if share <= ONE_D_SHARE:
        return Cell(units.ratio_text(ratio), ratio)
    text = f"{method.label}: 1-D tensors, sent dense, take {100 * share:.0f} % of the payload"
    mark = notes.mark(f"{text}; they bound the ratio that can be reached.")
    return Cell(f"{units.ratio_text(ratio)} {mark}", ratio)


def details_table(comparison: Comparison, notes: Notes) -> Table:
    """Return the other metrics and ratios, one row a method, with a mark for those on the Pareto front."""
    others = comparison.task.metrics[1:]
    rows = [_details_row(method, comparison, notes) for method in comparison.methods if method.chosen]
    for baseline in comparison.baselines:
        scores = [_mean(metric, baseline.test(metric.name)) for metric in others]
        rows.append((baseline.label, *scores, *[_DASH] * len(_DETAILS)))
    columns = (_NAME, *(score_column(metric) for metric in others), *_DETAILS)
    return Table.of("Accuracy and bytes in detail", columns, rows)


def _details_row(method: Method, comparison: Comparison, notes: Notes) -> Row:
    """Return one method's other metrics and ratios."""
    density = method.mean("traffic", "density")
    on_front = method.label in comparison.front
    return (
        method.label,
        *(_mean(metric, method.test(metric.name)) for metric in comparison.task.metrics[1:]),
        Cell(_rate(method, notes), method.rate),
        Cell(_seeds(method), len(method.chosen)),
        _times(method.mean("traffic", "steady_ratio")),
        _times(method.mean("traffic", "wire_ratio")),
        Cell(units.significant(None if density is None else 100 * density), density),
        Cell("yes" if on_front else units.DASH, on_front),
    )


def _mean(metric: Metric, found: Spread | None) -> Cell:
    """Return a metric without its spread."""
    return Cell(numbers.score_text(metric, None if found is None else found.mean), found)


def _times(ratio: float | None) -> Cell:
    return Cell(units.ratio_text(ratio), ratio)


def _name(method: Method, notes: Notes) -> str:
    """Return the row's label, marked when cells are missing, part of it was off, or its accuracy means nothing."""
    marks = []
    missing = [_missing_text(record) for record in method.records if record["status"] != "done"]
    if missing:
        marks.append(
            notes.mark(f"{method.label}: {units.count_text(len(missing), 'cell')} not done: {'; '.join(missing)}.")
        )
    if method.note:
        marks.append(notes.mark(f"{method.note.strip().rstrip('.')}."))
    if method.done and not method.trains:
        text = f"{method.label} sends nothing and does not train: its step is the headroom of any compressor."
        marks.append(notes.mark(text))
    return " ".join([method.label, *marks])


def _missing_text(record: Record) -> str:
    """Return ``lr 0.05 seed 1 timeout (reason)`` on one line."""
    cell = record["cell"]
    reason = " ".join(str(record["reason"]).split()).rstrip(".") or "no reason recorded"
    return f"lr {cell['lr']:g} seed {cell['seed']} {record['status']} ({reason})"


def _statuses(method: Method) -> str:
    """Return the statuses of a row without a finished cell, ``tuning`` while it has only cells of the tuning seed."""
    found = {record["status"] for record in method.counted} - ({"done"} if method.tuning_seeds else set())
    if not found:
        return "tuning"
    return " and ".join(status for status in STATUSES if status in found)


def _versus(method: Method, comparison: Comparison, notes: Notes) -> str:
    """Return the difference to ``none``, with the pairs counted where they are fewer than its seeds."""
    found, reference = comparison.gap(method), comparison.reference
    if found is None or reference is None:
        return units.DASH
    text = numbers.gap_text(comparison.metric, found)
    if found.low is None and found.count > 1:
        words = f"the difference is the same in all {found.count} seeds, too few to judge one without spread"
        return f"{text} {notes.mark(f'No interval: {words}.')}"
    if found.low is None:
        pairs = "one seed only" if len(reference.chosen) == 1 else "one seed in common with none"
        return f"{text} {notes.mark(f'No interval: {pairs}.')}"
    if found.is_unclear and not found.low <= 0 <= (found.high or 0.0):
        words = (
            "Its interval, which stands alone, leaves zero out; among so many comparisons the difference is not clear."
        )
        text += f" {notes.mark(words)}"
    if found.count < len(reference.chosen):
        text += " " + notes.mark(
            f"{method.label}: compared over the {found.count} seeds in common with none's {len(reference.chosen)}."
        )
    return text


def _rate(method: Method, notes: Notes) -> str:
    """Return the chosen learning rate, marked at the edge of the grid or when it was the only one."""
    if method.rate is None:
        return units.DASH
    text, tried = f"{method.rate:g}", method.rates_tried
    if not method.validation or method.rate not in (tried[0], tried[-1]):
        return text
    if len(tried) == 1:
        return f"{text} {notes.mark('The only learning rate tried: each method may have a better one of its own.')}"
    grid = ", ".join(f"{rate:g}" for rate in tried)
    return f"{text} {notes.mark(f'The best learning rate lies at the edge of the grid ({grid}): go beyond it.')}"


def _seeds(method: Method) -> str:
    """Return how many seeds are counted, ``2 of 3`` when some did not finish at the chosen rate."""
    at_rate = {record["cell"]["seed"] for record in method.counted if float(record["cell"]["lr"]) == method.rate}
    return f"{len(method.chosen)}" if len(method.chosen) == len(at_rate) else f"{len(method.chosen)} of {len(at_rate)}"


def times_table(comparison: Comparison) -> Table:
    """Return where the time of a step goes, in ms, one row a method."""
    rows: list[Row] = []
    for method in comparison.methods:
        if method.chosen:
            means = (method.mean("time", part) for part in (*SPLIT, "overlapped_s"))
            steps = method.total("time", "steps_counted")
            parts = [Cell(units.ms_text(mean), mean) for mean in means]
            rows.append((method.label, *parts, Cell(str(steps), steps)))
    title = "Parts of a step (ms, means; the step above is the median; overlapped is not part of it)"
    return Table.of(title, _TIMES, rows)


def rates_table(comparison: Comparison) -> Table | None:
    """Return the validation score by learning rate, None when no method has more than one."""
    metric = comparison.metric
    trained = [method for method in comparison.methods if method.validation]
    rates = sorted({rate for method in trained for rate in method.rates_tried})
    if not any(len(method.rates_tried) > 1 for method in trained):
        return None
    rows: list[Row] = [(method.label, *(_validation(metric, method, rate) for rate in rates)) for method in trained]
    unit = numbers.score_unit(metric)
    columns = (_NAME, *(Column(title=f"lr {rate:g}", unit=unit, better="higher", key=f"{rate!r}") for rate in rates))
    title = f"Validation {metric.heading} by learning rate (* the best, which the tables above take)"
    return Table.of(title, columns, rows)


def _validation(metric: Metric, method: Method, rate: float) -> Cell:
    """Return ``81.5 ± 0.1 *``, with the seeds counted where they are fewer than at the chosen rate."""
    found = method.validation.get(rate)
    text = numbers.spread_text(metric, found)
    if rate == method.rate:
        return Cell(f"{text} *", found)
    at_best = method.validation[method.rate].count if method.rate in method.validation else 0
    if found is not None and found.count < at_best:
        return Cell(f"{text} ({found.count} of {at_best} seeds)", found)
    return Cell(text, found)
