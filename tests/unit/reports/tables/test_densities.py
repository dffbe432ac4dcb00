"""Densities of layers."""

from __future__ import annotations

from typing import Any

from report_parts import only_section


def test_reports_density_details_leave_out_what_is_sent_whole(grid_records: list[dict[str, Any]]) -> None:
    tables = {table.title: table for table in only_section(grid_records).tables}
    details = tables["Density by tensor"]
    assert details.is_detail
    assert [row[0] for row in details.rows] == ["features.0.weight", "head.weight"]
    assert [one.title for one in details.columns] == ["Tensor", "topk 100x", "dgc 100x", "rsdgc 100x"]
