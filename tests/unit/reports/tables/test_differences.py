"""Differences to a row of the reader's choice."""

from __future__ import annotations

from typing import Any

from report_parts import column, table_of

from rsbench.reports import build_report


def test_reports_against_a_row_of_the_readers_choice(grid_records: list[dict[str, Any]]) -> None:
    [section] = build_report(grid_records, against="rsdgc 100x").sections
    table = table_of(section, "Paired differences")
    assert table.title == "Paired differences to rsdgc 100x"
    gaps = column(table, "vs rsdgc 100x")
    assert gaps["rsdgc 100x"] == "-"
    forward = column(table_of(section, "Comparison"), "vs none")["rsdgc 100x"]
    number = float(gaps["none"].split()[0])
    assert number == -float(forward.split()[0]), "the same difference, seen from the other side"
    assert "noop" not in gaps, "what does not train has no OA"
