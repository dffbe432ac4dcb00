"""JSON: raw numbers under keys that stay."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rsbench.reports import build_report, write_report
from rsbench.reports.document.table import Column, Table
from rsbench.reports.formats import json as json_format

Maker = Callable[..., dict[str, Any]]


def test_reports_json_has_raw_numbers_under_stable_keys(tmp_path: Path, grid_records: list[dict[str, Any]]) -> None:
    [path] = write_report(grid_records, tmp_path, ["json"])
    report = json.loads(path.read_text())
    assert report["schema"] == 1
    comparison = report["sections"][0]["tables"][1]
    assert [column["key"] for column in comparison["columns"]] == [
        "method",
        "oa",
        "oa_difference",
        "compression_ratio",
        "break_even",
        "payload_bytes_per_step",
        "step_time_s",
        "speed_up",
    ]
    dgc = next(row for row in comparison["rows"] if row["method"]["value"] == "dgc 100x")
    assert dgc["method"]["text"] == "dgc 100x [2]"
    assert dgc["oa"]["value"]["mean"] == pytest.approx(0.8021)
    assert dgc["oa_difference"]["value"]["p_corrected"] < 0.05
    assert dgc["payload_bytes_per_step"] == {"text": "40.0 kB", "value": 40000.0}
    assert dgc["break_even"]["value"]["case"] == "below"
    [none] = [row for row in report["methods"] if row["method"] == "none"]
    assert none["test_oa"] == pytest.approx(0.797)
    assert (none["workers"], none["ratio_asked"], none["on_pareto_front"]) == (2, None, False)
    assert len(report["cells"]) == 30


def test_reports_json_columns_of_equal_names_are_all_kept(tmp_path: Path, make_record: Maker) -> None:
    from rsbench.reports.document.table import Report
    from rsbench.reports.formats import json as json_report

    table = Table(title="t", columns=(Column(title="a"), Column(title="A"), Column(title="a")), rows=(("1", "2", "3"),))
    text = json_report.render(Report(title="", sections=(), problems=(), methods=table, cells=table))
    assert json.loads(text)["methods"] == [{"a": "1", "a_2": "2", "a_3": "3"}]


def test_reports_json_is_printable_and_reads_back_to_the_letter(make_record: Maker) -> None:
    reason = "a\x1b[2J\x9b\u202eb\U000e0041 λ"
    text = json_format.render(build_report([make_record(status="failed", reason=reason)]))
    assert text.replace("\n", "").isprintable()
    assert json.loads(text)["cells"][0]["reason"] == reason
