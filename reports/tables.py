"""Methods -> the tables that people read."""

from __future__ import annotations

from collections.abc import Sequence

from rsbench.link import break_even
from rsbench.reports import units
from rsbench.reports.conclusion import difference
from rsbench.reports.methods import SPLIT, Method
from rsbench.reports.table import Column, Notes, Table
from rsbench.schema import STATUSES, Record

_NAME = Column(title="Method", align="left")
_COMPARISON = (
    _NAME,
    Column(title="OA", unit="%", better="higher"),
    Column(title="vs none", unit="points", better="higher"),
    Column(title="Payload/step", better="lower"),
    Column(title="Ratio", better="higher"),
    Column(title="Step", unit="ms", better="lower"),
    Column(title="Speed-up", better="higher"),
    Column(title="Break-even"),
)
_DETAILS = (
    _NAME,
    Column(title="AA", unit="%", better="higher"),
    Column(title="kappa", better="higher"),
    Column(title="LR"),
    Column(title="Seeds"),
    Column(title="Steady ratio", better="higher"),
    Column(title="Wire ratio", better="higher"),
    Column(title="Density", unit="%"),
)
_TIMES = (_NAME, *(Column(title=part.removesuffix("_s")) for part in (*SPLIT, "overlapped_s")), Column(title="Steps"))
ONE_D_SHARE = 0.25
"""Share of the payload from which one-dimensional tensors are worth a note."""


def comparison_table(methods: Sequence[Method], reference: Method | None, notes: Notes) -> Table:
    """Return what most people look for, one row a method; marks stand for the notes added."""
    rows = tuple(_comparison_row(method, reference, notes) for method in methods)
    return Table(title="Comparison", columns=_COMPARISON, rows=rows)


def _comparison_row(method: Method, reference: Method | None, notes: Notes) -> tuple[str, ...]:
    """Return one method's accuracy, bytes and speed."""
    if not method.chosen:
        return (_name(method, notes), _statuses(method), *[units.DASH] * (len(_COMPARISON) - 2))
    step_s = method.mean("time", "step_time_s")
    none_s = reference.mean("time", "step_time_s") if reference else None
    faster = none_s / step_s if none_s and step_s and method is not reference else None
    point = None
    if reference is not None and method is not reference and method.cost and reference.cost:
        point = break_even(method.cost, reference.cost)
    return (
        _name(method, notes),
        units.percent_spread(method.test("oa")) if method.trains else units.DASH,
        _versus(method, reference, notes),
        units.data_size(method.mean("traffic", "payload_bytes_per_step")),
        _whole_ratio(method, notes),
        units.milliseconds(step_s),
        units.times(faster, 2),
        units.break_even_text(point),
    )


def against_table(methods: Sequence[Method], label: str) -> Table | None:
    """Return OA beside that of a row of the reader's choice; None where no finished row is called so.

    Args:
        methods: all rows.
        label: as the tables call the row, such as ``rsdgc 100x``.
    """
    base = next((method for method in methods if method.label == label and method.chosen), None)
    if base is None:
        return None
    columns = (
        _NAME,
        Column(title="OA", unit="%", better="higher"),
        Column(title=f"vs {label}", unit="points", better="higher"),
        Column(title="Common seeds"),
    )
    found = [(method, difference(method, base)) for method in methods if method.chosen and method.trains]
    rows = tuple(
        (
            method.label,
            units.percent_spread(method.test("oa")),
            units.DASH if method is base else units.points(gap),
            units.DASH if gap is None or method is base else str(gap.count),
        )
        for method, gap in found
    )
    return Table(title=f"Paired differences to {label}", columns=columns, rows=rows)


def _whole_ratio(method: Method, notes: Notes) -> str:
    """Return the compression ratio of the run, marked where 1-D tensors take much of the payload."""
    ratio = units.times(method.mean("traffic", "compression_ratio"))
    share = method.mean("traffic", "one_d_share") or 0.0
    if share <= ONE_D_SHARE:
        return ratio
    text = f"{method.label}: 1-D tensors, sent dense, take {100 * share:.0f} % of the payload"
    return f"{ratio} {notes.mark(f'{text}; they bound the ratio that can be reached.')}"


def details_table(methods: Sequence[Method], notes: Notes) -> Table:
    """Return the other accuracies and ratios, one row a method."""
    rows = tuple(_details_row(method, notes) for method in methods if method.chosen)
    return Table(title="Accuracy and bytes in detail", columns=_DETAILS, rows=rows)


def _details_row(method: Method, notes: Notes) -> tuple[str, ...]:
    """Return one method's other accuracies and ratios."""
    aa, kappa, density = method.test("aa"), method.test("kappa"), method.mean("traffic", "density")
    return (
        method.label,
        units.percent(None if aa is None else aa.mean),
        units.DASH if kappa is None else f"{kappa.mean:.3f}",
        _rate(method, notes),
        _seeds(method),
        units.times(method.mean("traffic", "steady_ratio")),
        units.times(method.mean("traffic", "wire_ratio")),
        units.significant(None if density is None else 100 * density),
    )


def _name(method: Method, notes: Notes) -> str:
    """Return the row's label, marked when cells are missing or its accuracy means nothing."""
    marks = []
    missing = [_missing_text(record) for record in method.records if record["status"] != "done"]
    if missing:
        count = "1 cell" if len(missing) == 1 else f"{len(missing)} cells"
        marks.append(notes.mark(f"{method.label}: {count} not done: {'; '.join(missing)}."))
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


def _versus(method: Method, reference: Method | None, notes: Notes) -> str:
    """Return the difference to ``none``, with the pairs counted where they are fewer than its seeds."""
    if reference is None or method is reference or not method.trains:
        return units.DASH
    found = difference(method, reference)
    text = units.points(found)
    if found is not None and found.low is None:
        pairs = "one seed only" if len(reference.chosen) == 1 else "one seed in common with none"
        return f"{text} {notes.mark(f'No interval: {pairs}.')}"
    if found is not None and found.count < len(reference.chosen):
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


def times_table(methods: Sequence[Method]) -> Table:
    """Return where the time of a step goes, in ms, one row a method."""
    rows = []
    for method in methods:
        if method.chosen:
            parts = (units.milliseconds(method.mean("time", part)) for part in (*SPLIT, "overlapped_s"))
            rows.append((method.label, *parts, str(method.total("time", "steps_counted"))))
    title = "Parts of a step (ms, means; the step above is the median; overlapped is not part of it)"
    return Table(title=title, columns=_TIMES, rows=tuple(rows))


def rates_table(methods: Sequence[Method]) -> Table | None:
    """Return validation OA by learning rate, None when no method has more than one."""
    trained = [method for method in methods if method.validation]
    rates = sorted({rate for method in trained for rate in method.rates_tried})
    if not any(len(method.rates_tried) > 1 for method in trained):
        return None
    rows = []
    for method in trained:
        rows.append((method.label, *(_validation_text(method, rate) for rate in rates)))
    columns = (_NAME, *(Column(title=f"lr {rate:g}", unit="%", better="higher") for rate in rates))
    title = "Validation OA by learning rate (* the best, which the tables above take)"
    return Table(title=title, columns=columns, rows=tuple(rows))


def _validation_text(method: Method, rate: float) -> str:
    """Return ``81.5 ± 0.1 *``, with the seeds counted where they are fewer than at the chosen rate."""
    found = method.validation.get(rate)
    text = units.percent_spread(found)
    if rate == method.rate:
        return f"{text} *"
    at_best = method.validation[method.rate].count if method.rate in method.validation else 0
    if found is not None and found.count < at_best:
        return f"{text} ({found.count} of {at_best} seeds)"
    return text


def density_tables(methods: Sequence[Method]) -> list[Table]:
    """Return the density of layers at the last step, in short and in full, for methods that send parts of tensors."""
    sparse = [method for method in methods if method.chosen and method.trains and _layers(method)]
    if not sparse:
        return []
    short = []
    for method in sparse:
        layers = _layers(method)
        low, high = min(layers, key=lambda name: layers[name]), max(layers, key=lambda name: layers[name])
        whole = method.mean("traffic", "density")
        short.append(
            (
                method.label,
                units.significant(None if whole is None else 100 * whole),
                str(len(layers)),
                f"{units.significant(100 * layers[low])} ({low})",
                f"{units.significant(100 * layers[high])} ({high})",
            )
        )
    columns = (
        _NAME,
        Column(title="Whole model, run", unit="%"),
        Column(title="Compressed tensors"),
        Column(title="Lowest", unit="%"),
        Column(title="Highest", unit="%"),
    )
    title = "Density of the compressed tensors (elements sent / elements, last step, first seed)"
    return [Table(title=title, columns=columns, rows=tuple(short)), _density_details(sparse)]


def _density_details(sparse: Sequence[Method]) -> Table:
    """Return one row a tensor, in the model's order, one column a method."""
    names = list(dict.fromkeys(name for method in sparse for name in _layers(method)))
    columns_of_layers = [_layers(method) for method in sparse]
    rows = []
    for name in names:
        found = [layers.get(name) for layers in columns_of_layers]
        rows.append((name, *(units.significant(None if one is None else 100 * one) for one in found)))
    columns = (
        Column(title="Tensor", align="left"),
        *(Column(title=method.label, unit="%") for method in sparse),
    )
    return Table(title="Density by tensor", columns=columns, rows=tuple(rows), is_detail=True)


def _layers(method: Method) -> dict[str, float]:
    """Return the tensors that are sent in part, with their density; all those of ``none`` are sent whole."""
    found = method.chosen[0]["traffic"]["density_per_tensor"]
    return {name: density for name, density in found.items() if density is not None and density < 1}
