"""Methods -> the tables that people read."""

from __future__ import annotations

from collections.abc import Sequence

from rsbench.link import break_even
from rsbench.reports import units
from rsbench.reports.conclusion import difference
from rsbench.reports.methods import SPLIT, Method
from rsbench.reports.table import Column, Notes, Table
from rsbench.schema import Record

_NAME = Column(title="Method", align="left")
_ACCURACY = (
    _NAME,
    Column(title="OA", unit="%", better="higher"),
    Column(title="vs none", unit="points, 95 %", better="higher"),
    Column(title="AA", unit="%", better="higher"),
    Column(title="kappa", better="higher"),
    Column(title="LR"),
    Column(title="Payload", unit="a step", better="lower"),
    Column(title="Ratio", better="higher"),
    Column(title="Steady", better="higher"),
    Column(title="Wire", better="higher"),
    Column(title="Density", unit="%"),
    Column(title="Seeds"),
)
_SPEED = (
    _NAME,
    Column(title="Step", unit="ms", better="lower"),
    Column(title="Speed-up", better="higher"),
    Column(title="Break-even"),
    *(Column(title=part.removesuffix("_s")) for part in SPLIT),
    Column(title="overlapped"),
    Column(title="Steps"),
)
ONE_D_SHARE = 0.25
"""Share of the payload from which one-dimensional tensors are worth a note."""


def accuracy_table(methods: Sequence[Method], reference: Method | None, notes: Notes) -> Table:
    """Return accuracy and bytes, one row a method; marks stand for the notes added."""
    rows = tuple(_accuracy_row(method, reference, notes) for method in methods)
    return Table(title="Accuracy and bytes", columns=_ACCURACY, rows=rows)


def _accuracy_row(method: Method, reference: Method | None, notes: Notes) -> tuple[str, ...]:
    """Return one method's accuracy and bytes."""
    if not method.done:
        return (_name(method, notes), _worst_status(method), *[units.DASH] * (len(_ACCURACY) - 3), "0")
    kappa = method.test("kappa")
    share = method.mean("traffic", "one_d_share") or 0.0
    ratio = units.times(method.mean("traffic", "compression_ratio"))
    if share > ONE_D_SHARE:
        text = f"{method.label}: 1-D tensors, sent dense, take {100 * share:.0f} % of the payload"
        ratio = f"{ratio} {notes.mark(f'{text}; they bound the ratio that can be reached.')}"
    density = method.mean("traffic", "density")
    return (
        _name(method, notes),
        _oa(method),
        _versus(method, reference, notes),
        units.percent(aa.mean if (aa := method.test("aa")) else None),
        units.DASH if kappa is None else f"{kappa.mean:.3f}",
        _rate(method, notes),
        units.data_size(method.mean("traffic", "payload_bytes_per_step")),
        ratio,
        units.times(method.mean("traffic", "steady_ratio")),
        units.times(method.mean("traffic", "wire_ratio")),
        units.significant(None if density is None else 100 * density),
        _seeds(method),
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


def _worst_status(method: Method) -> str:
    """Return the status of a row without a finished cell."""
    found = {record["status"] for record in method.records}
    return " and ".join(
        status for status in ("failed", "timeout", "interrupted", "skipped") if status in found
    )


def _oa(method: Method) -> str:
    """Return mean and sd of the test OA."""
    return units.percent_spread(method.test("oa")) if method.trains else units.DASH


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
    """Return the chosen learning rate, marked at the edge of the grid."""
    if method.rate is None:
        return units.DASH
    text = f"{method.rate:g}"
    tried = method.rates_tried
    if not method.validation:
        return text
    if len(tried) == 1:
        return f"{text} {notes.mark('The only learning rate tried: each method may have a better one of its own.')}"
    if method.rate in (tried[0], tried[-1]):
        grid = ", ".join(f"{rate:g}" for rate in tried)
        mark = notes.mark(f"The best learning rate lies at the edge of the grid ({grid}): go beyond it.")
        return f"{text} {mark}"
    return text


def _seeds(method: Method) -> str:
    """Return how many seeds are counted, ``2 of 3`` when some did not finish at the chosen rate."""
    at_rate = {
        record["cell"]["seed"] for record in method.records if float(record["cell"]["lr"]) == method.rate
    }
    return (
        f"{len(method.chosen)}"
        if len(method.chosen) == len(at_rate)
        else f"{len(method.chosen)} of {len(at_rate)}"
    )


def speed_table(methods: Sequence[Method], reference: Method | None) -> Table:
    """Return step time and its split in ms, one row a method."""
    title = "Step time (ms): median step, mean of its parts; overlapped is not part of the step"
    return Table(title=title, columns=_SPEED, rows=tuple(_speed_row(method, reference) for method in methods))


def _speed_row(method: Method, reference: Method | None) -> tuple[str, ...]:
    """Return one method's times."""
    if not method.done:
        return (method.label, _worst_status(method), *[units.DASH] * (len(_SPEED) - 3), "0")
    step_s = method.mean("time", "step_time_s")
    none_s = reference.mean("time", "step_time_s") if reference else None
    faster = none_s / step_s if none_s and step_s and method is not reference else None
    point = None
    if reference is not None and method is not reference and method.cost and reference.cost:
        point = break_even(method.cost, reference.cost)
    return (
        method.label,
        units.milliseconds(step_s),
        units.times(faster, 2),
        units.break_even_text(point),
        *(units.milliseconds(method.mean("time", part)) for part in SPLIT),
        units.milliseconds(method.mean("time", "overlapped_s")),
        str(method.total("time", "steps_counted")),
    )


def rates_table(methods: Sequence[Method]) -> Table | None:
    """Return validation OA by learning rate, None when no method has more than one."""
    trained = [method for method in methods if method.validation]
    rates = sorted({rate for method in trained for rate in method.rates_tried})
    if not any(len(method.rates_tried) > 1 for method in trained):
        return None
    rows = []
    for method in trained:
        texts = [units.percent_spread(method.validation.get(rate)) for rate in rates]
        chosen = [
            f"{text} *" if rate == method.rate else text for rate, text in zip(rates, texts, strict=True)
        ]
        rows.append((method.label, *chosen))
    columns = (_NAME, *(Column(title=f"lr {rate:g}", unit="%", better="higher") for rate in rates))
    title = "Validation OA by learning rate (* the best, which the tables above take)"
    return Table(title=title, columns=columns, rows=tuple(rows))


def density_tables(methods: Sequence[Method]) -> list[Table]:
    """Return the density of layers at the last step, in short and in full, for methods that send parts of tensors."""
    sparse = [method for method in methods if method.done and method.trains and _layers(method)]
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
