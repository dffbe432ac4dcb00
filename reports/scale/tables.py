"""The tables of ``rsbench scale``."""

from __future__ import annotations

from collections.abc import Sequence

from rsbench import units
from rsbench.links.link import Link
from rsbench.reports.analysis import numbers
from rsbench.reports.document.table import Cell, Column, Notes, Row, Table
from rsbench.reports.scale.growth import Growth
from rsbench.reports.tables.columns import METHOD, count_cell, ms_cell, percent_cell, ratio_cell


def steps_table(growth: Growth, sizes: Sequence[int], between: Link) -> Table:
    """Return one row a method and number of workers on one link between nodes."""
    rows: list[Row] = []
    for label in growth.costs:
        for workers in sizes:
            step_s, efficiency = growth.step_s(label, workers, between), growth.efficiency(label, workers, between)
            faster = growth.step_s(growth.reference, workers, between) / step_s if growth.reference else None
            rows.append(
                (
                    label,
                    count_cell(workers),
                    ms_cell(step_s),
                    ratio_cell(workers * efficiency),
                    percent_cell(efficiency, 2),
                    ratio_cell(faster, 2),
                )
            )
    columns = (
        METHOD,
        Column(title="Workers", key="workers"),
        Column(title="Step", unit="ms", better="lower", key="step_time_s"),
        Column(title="Speed-up", better="higher", key="speed_up"),
        Column(title="Efficiency", unit="%", better="higher", key="efficiency"),
        Column(title="vs none", better="higher", key="speed_up_over_none"),
    )
    return Table.of(f"Nodes joined by {between.title} (modelled)", columns, rows, is_detail=True)


def break_even_table(growth: Growth, sizes: Sequence[int], notes: Notes) -> Table:
    """Return one row a method: below which speed of a node's link it pays, by workers, and when it sends more."""
    rows: list[Row] = []
    for label in growth.costs:
        if label == growth.reference:
            continue
        points = [growth.break_even(label, workers) for workers in sizes]
        more = growth.overtakes_at(label)
        overtakes = "never" if more is None else f"{more:,}"
        doubt = next((point.doubt for point in points if point is not None), "")
        name = f"{label} {notes.mark(f'No break-even speed: {doubt}.')}" if doubt else label
        cells = (Cell(numbers.break_even_text(point), point) for point in points)
        rows.append((Cell(name, label), *cells, Cell(overtakes, more)))
    columns = (
        METHOD,
        *(Column(title=f"{workers:,} workers", key=f"break_even_{workers}") for workers in sizes),
        Column(title="More bytes than none from", unit="workers", key="overtakes_at"),
    )
    return Table.of("Break-even speed of the link between nodes, by workers (modelled)", columns, rows)


def best_table(growth: Growth, reference: str, sizes: Sequence[int], links: Sequence[Link]) -> Table:
    """Return the fastest method by workers (rows) and speed (columns), with the reference's step by its own."""
    rows: list[Row] = []
    for workers in sizes:
        cells = []
        for link in links:
            label = growth.fastest(workers, link)
            faster = growth.step_s(reference, workers, link) / growth.step_s(label, workers, link)
            text = label if label == reference else f"{label} ({units.ratio_text(faster, 2)})"
            cells.append(Cell(text, {"method": label, "speed_up_over_none": faster}))
        rows.append((count_cell(workers), *cells))
    columns = (
        Column(title="Workers", key="workers"),
        *(Column(title=link.title, align="left", key=f"bits_per_s_{link.bits_per_s:.0f}") for link in links),
    )
    return Table.of("Fastest method, and how many times as fast as none (modelled)", columns, rows)
