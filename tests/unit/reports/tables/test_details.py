"""Learning rates and the Pareto front."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from report_parts import column, only_section, table_of

from rsbench.reports import build_report

Maker = Callable[..., dict[str, Any]]


def test_reports_middle_of_the_grid_is_no_edge(make_record: Maker) -> None:
    records = [make_record(lr=lr, oa=oa) for lr, oa in ((0.01, 0.5), (0.05, 0.6), (0.1, 0.55))]
    section = only_section(records)
    assert not any("edge" in note or "only learning rate" in note for note in section.notes)


def test_reports_one_rate_is_noted(make_record: Maker) -> None:
    section = only_section([make_record()])
    assert any("only learning rate" in note for note in section.notes)
    assert not any(table.title.startswith("Validation OA") for table in section.tables)


def test_reports_mark_the_pareto_front(grid_records: list[dict[str, Any]]) -> None:
    [section] = build_report(grid_records).sections
    pareto = column(table_of(section, "Accuracy and bytes"), "Pareto")
    assert pareto == {"none": "-", "topk 100x": "-", "dgc 100x": "-", "rsdgc 100x": "yes", "noop": "-"}
