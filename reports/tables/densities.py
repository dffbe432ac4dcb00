"""Density of the layers at the last step, for methods that send parts of tensors: in short, and tensor by tensor."""

from __future__ import annotations

from rsbench import units
from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.methods import Method
from rsbench.reports.document.table import Cell, Column, Notes, Row, Table
from rsbench.reports.tables.columns import METHOD, count_cell, percent_cell


def density_table(comparison: Comparison, _: Notes) -> Table | None:
    """Return the whole model's density and the extremes of the layers, one row a method that sends parts."""
    rows = []
    for label, (method, layers) in _sparse(comparison).items():
        low, high = min(layers, key=lambda name: layers[name]), max(layers, key=lambda name: layers[name])
        rows.append(
            (
                label,
                percent_cell(method.mean("traffic", "density")),
                count_cell(len(layers)),
                Cell(f"{units.significant(100 * layers[low])} ({low})", layers[low]),
                Cell(f"{units.significant(100 * layers[high])} ({high})", layers[high]),
            )
        )
    columns = (
        METHOD,
        Column(title="Whole model, run", unit="%", key="density"),
        Column(title="Compressed tensors"),
        Column(title="Lowest", unit="%", key="lowest_density"),
        Column(title="Highest", unit="%", key="highest_density"),
    )
    title = "Density of the compressed tensors (elements sent / elements, last step, first seed)"
    return Table.of(title, columns, rows, is_detail=True) if rows else None


def tensor_density_table(comparison: Comparison, _: Notes) -> Table | None:
    """Return one row a tensor, in the model's order, one column a method that sends parts."""
    sparse = {label: layers for label, (_, layers) in _sparse(comparison).items()}
    names = dict.fromkeys(name for layers in sparse.values() for name in layers)
    rows: list[Row] = [(name, *(percent_cell(layers.get(name)) for layers in sparse.values())) for name in names]
    columns = (Column(title="Tensor", align="left"), *(Column(title=label, unit="%", key=label) for label in sparse))
    return Table.of("Density by tensor", columns, rows, is_detail=True) if sparse else None


def _sparse(comparison: Comparison) -> dict[str, tuple[Method, dict[str, float]]]:
    """Return label -> row and density of each tensor sent in part, for the rows that send any so."""
    rows = {}
    for method in comparison.trained:
        densities = method.chosen[0]["traffic"]["density_per_tensor"]
        layers = {name: density for name, density in densities.items() if density is not None and density < 1}
        if layers:
            rows[method.label] = (method, layers)
    return rows
