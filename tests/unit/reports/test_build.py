"""Whole reports: each task by its own metrics, whatever the records hold."""

from __future__ import annotations

import copy
import importlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from report_parts import column, table_of
from rich.console import Console
from rich_records import fusion_records, leaves

from rsbench import reports
from rsbench.errors import RsbenchError
from rsbench.reports import build, build_report, show
from rsbench.results import schema

Maker = Callable[..., dict[str, Any]]


def test_reports_targets_show_areas_under_curves_in_their_own_unit(target_records: list[dict[str, Any]]) -> None:
    [section] = build_report(target_records).sections
    comparison = table_of(section, "Comparison")
    assert [one.heading for one in comparison.columns[:3]] == ["Method", "AUC(Pd,Pf) ↑", "vs none ↑"]
    assert column(comparison, "AUC(Pd,Pf)")["none"] == "0.9710 ± 0.0030"
    assert column(comparison, "vs none")["topk 100x"] == "-0.0200 [-0.0244, -0.0156]"
    assert column(comparison, "vs none")["dgc 100x"].endswith("~")
    details = table_of(section, "Accuracy and bytes")
    assert [one.heading for one in details.columns[1:3]] == ["AUC(Pd,tau) ↑", "AUC(Pf,tau) ↓"]
    assert column(details, "AUC(Pf,tau)")["rsdgc 100x"] == "0.0200"
    assert section.facts[0].startswith("Pixels, 2 classes")
    assert "Left out because AUC(Pd,Pf) is clearly lower, or over 0.01 lower on average: topk 100x (-0.0200 [" in (
        section.conclusion
    )


def test_reports_against_an_unknown_row_is_refused(grid_records: list[dict[str, Any]]) -> None:
    with pytest.raises(RsbenchError, match=r'No finished row is called "rsdg 100x".*rsdgc 100x'):
        build_report(grid_records, against="rsdg 100x")


@pytest.mark.parametrize("odd", [None, "x", "", [], {}, 0, -1, 1e300, True])
def test_reports_of_records_edited_anywhere_never_crash(odd: Any, make_record: Maker) -> None:
    """Whatever a field is changed to: it is refused in one sentence, or the report can be built."""
    baselines = {"CEM": {"oa": 0.5, "aa": 0.5, "kappa": 0.4}}
    more: dict[str, Any] = {"history": True, "note": "a note", "baselines": baselines, "provenance": {"argv": ["x"]}}
    for path in leaves(make_record(**more))[1:]:
        for names in (("none", "topk"), ("topk", "none")):
            records = [
                make_record(compressor=name, ratio=None if name == "none" else 10.0, **copy.deepcopy(more))
                for name in names
            ]
            section = records[0]
            for key in path[:-1]:
                section = section[key]
            section[path[-1]] = odd
            try:
                schema.check(records[0])
            except RsbenchError:
                continue
            build_report(records)


def test_reports_of_all_tasks_at_once_are_shown(
    target_records: list[dict[str, Any]], grid_records: list[dict[str, Any]], make_record: Maker
) -> None:
    report = build_report([*grid_records, *target_records, *fusion_records(make_record)])
    stream = io.StringIO()
    show(report, Console(file=stream, width=100))
    assert max(map(len, stream.getvalue().splitlines())) <= 100
    names = [one.title for one in report.methods.columns]
    assert {"test_oa", "test_auc_pd_pf", "oa_minus_none", "auc_pd_pf_minus_none", "task"} <= set(names)


TABLE_FROM_OUTSIDE = '''
"""How long cells took in all."""
from rsbench.reports.document.table import Cell, Column, Table
from rsbench.reports.tables.columns import METHOD


def hours_table(comparison, notes):
    rows = []
    for method in comparison.finished:
        wall_s = sum(run["wall_s"] for run in method.chosen)
        rows.append((method.label, Cell(f"{wall_s / 3600:.2f}")))
    notes.mark("Hours hold start-up and validation.")
    return Table.of("Hours of all seeds", (METHOD, Column(title="Hours")), rows) if rows else None
'''


def test_a_table_from_outside_is_one_file_and_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, grid_records: list[dict[str, Any]]
) -> None:
    before = build_report(grid_records).sections[0]
    (tmp_path / "table_of_a_test").mkdir()
    (tmp_path / "table_of_a_test" / "__init__.py").write_text("")
    (tmp_path / "table_of_a_test" / "hours.py").write_text(TABLE_FROM_OUTSIDE)
    monkeypatch.syspath_prepend(tmp_path)
    hours = importlib.import_module("table_of_a_test.hours").hours_table
    monkeypatch.setattr(build, "SECTION_TABLES", (*build.SECTION_TABLES, hours))
    section = build_report(grid_records).sections[0]
    assert [table.title for table in section.tables] == [
        *(table.title for table in before.tables),
        "Hours of all seeds",
    ]
    assert column(section.tables[-1], "Hours").keys() >= {"none", "topk 100x"}
    assert section.notes[-1].endswith("Hours hold start-up and validation.")
    written = reports.write_report(
        build_report(grid_records), tmp_path / "out", ("markdown", "csv", "html", "tex", "json")
    )
    assert sum("Hours of all seeds" in path.read_text() for path in written if path.is_file()) >= 4
