"""The answer as a table: which method to use at which link speed, what that costs in accuracy, and its bytes."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from rsbench import units
from rsbench.reports.analysis.comparison import NOTICEABLE, Comparison
from rsbench.reports.analysis.link_answer import Advised, advise
from rsbench.reports.analysis.on_link import OnLink, candidates
from rsbench.reports.costs.link_model import wired
from rsbench.reports.document.calculator import Advisor, AdvisorRow
from rsbench.reports.document.table import Cell, Column, Notes, Row, Table
from rsbench.reports.tables.columns import gap_cell, gap_column
from rsbench.reports.tables.on_link import calculator_row

_EXAMPLE: Final = wired(1e9)
"""The link that a page begins with: an office's."""
TITLE: Final = "Which method on which link"
_LINK: Final = Column(title="Your link", align="left", key="link")
_USE: Final = Column(title="Use", align="left", key="method")
_BYTES: Final = Column(title="Bytes", key="bytes")


def by_link_table(comparison: Comparison, _: Notes) -> Table | None:
    """Return one row a range of link speeds, slowest links first; None where nothing can be said of links."""
    ranges = advise(comparison).ranges
    if not ranges:
        return None
    gap = gap_column(comparison.metric, "none")
    columns = (_LINK, _USE, Column(title=f"{comparison.metric.heading} {gap.title}", unit=gap.unit, key=gap.key))
    rows = [_row(one, comparison) for one in ranges]
    return Table.of(TITLE, (*columns, _BYTES), rows, advisor=_advisor(comparison))


def beginning_with(table: Table | None, on_link: OnLink) -> Table | None:
    """Return the table whose page begins with a link that was asked for."""
    if table is None or table.advisor is None:
        return table
    advisor = replace(
        table.advisor,
        bits_per_s=on_link.link.bits_per_s,
        round_trip_s=on_link.link.round_trip_s,
        remark="" if on_link.contact is None else "without passes",
    )
    return replace(table, advisor=advisor)


def _advisor(comparison: Comparison) -> Advisor:
    """Return what a page needs to answer for a reader's own link."""
    on_link, advised = OnLink(comparison=comparison, link=_EXAMPLE), candidates(comparison)
    runs = {method.label: calculator_row(method, on_link) for method in comparison.methods}
    return Advisor(
        bits_per_s=_EXAMPLE.bits_per_s,
        round_trip_s=_EXAMPLE.round_trip_s,
        noticeable=NOTICEABLE,
        remark="",
        rows=tuple(
            None
            if (run := runs[method.label]) is None
            else AdvisorRow(label=method.label, is_advised=method in advised, saving=method.saving, run=run)
            for method in comparison.methods
        ),
    )


def _row(one: Advised, comparison: Comparison) -> Row:
    """Return one range's cells."""
    method = one.method
    is_none = method is comparison.reference
    sent, ratio = method.mean("traffic", "payload_bytes_per_step"), method.mean("traffic", "compression_ratio")
    return (
        Cell(one.title, {"above_bits_per_s": one.above_bits_per_s, "below_bits_per_s": one.below_bits_per_s}),
        Cell("no compression" if is_none else method.label, method.label),
        gap_cell(comparison.metric, comparison.gap(method)),
        Cell(
            f"{units.bytes_text(sent)} a step" if is_none else f"{units.ratio_text(ratio, 2)} fewer",
            {"payload_bytes_per_step": sent, "compression_ratio": ratio},
        ),
    )
