"""Density of the layers at the last step, for methods that send parts of tensors."""

from __future__ import annotations

from collections.abc import Sequence

from rsbench import units
from rsbench.reports.analysis.methods import Method
from rsbench.reports.document.table import Cell, Column, Row, Table

_NAME = Column(title="Method", align="left", key="method")


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
                _percent(whole),
                Cell(str(len(layers)), len(layers)),
                Cell(f"{units.significant(100 * layers[low])} ({low})", layers[low]),
                Cell(f"{units.significant(100 * layers[high])} ({high})", layers[high]),
            )
        )
    columns = (
        _NAME,
        Column(title="Whole model, run", unit="%", key="density"),
        Column(title="Compressed tensors"),
        Column(title="Lowest", unit="%", key="lowest_density"),
        Column(title="Highest", unit="%", key="highest_density"),
    )
    title = "Density of the compressed tensors (elements sent / elements, last step, first seed)"
    return [Table.of(title, columns, short), _density_details(sparse)]


def _density_details(sparse: Sequence[Method]) -> Table:
    """Return one row a tensor, in the model's order, one column a method."""
    names = list(dict.fromkeys(name for method in sparse for name in _layers(method)))
    columns_of_layers = [_layers(method) for method in sparse]
    rows: list[Row] = [(name, *(_percent(layers.get(name)) for layers in columns_of_layers)) for name in names]
    columns = (
        Column(title="Tensor", align="left"),
        *(Column(title=method.label, unit="%", key=method.label) for method in sparse),
    )
    return Table.of("Density by tensor", columns, rows, is_detail=True)


def _percent(share: float | None) -> Cell:
    """Return a density as per cent, its value as the share that it is."""
    return Cell(units.significant(None if share is None else 100 * share), share)


def _layers(method: Method) -> dict[str, float]:
    """Return the tensors that are sent in part, with their density; all those of ``none`` are sent whole."""
    found = method.chosen[0]["traffic"]["density_per_tensor"]
    return {name: density for name, density in found.items() if density is not None and density < 1}
