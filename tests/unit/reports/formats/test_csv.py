"""CSV: what is written is read back, and is no formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from report_parts import NASTY, nasty_report

from rsbench.reports import build_report
from rsbench.reports.formats import csv as comma_separated

Maker = Callable[..., dict[str, Any]]


def test_reports_csv_reads_back_what_was_written(make_record: Maker) -> None:
    report = nasty_report(make_record)
    rows = list(csv.DictReader(io.StringIO(comma_separated.render(report.cells))))
    assert [row["reason"] for row in rows] == ["", NASTY]
    assert float(rows[0]["test_oa"]) == 0.8
    assert rows[1]["test_oa"] == ""
    methods = list(csv.DictReader(io.StringIO(comma_separated.render(report.methods))))
    assert [row["method"] for row in methods] == ["none", "topk 10x"]
    assert methods[1]["cells_not_done"] == "1"


def test_reports_csv_has_one_row_a_method_with_every_number(grid_records: list[dict[str, Any]]) -> None:
    report = build_report(grid_records)
    rows = {row["method"]: row for row in csv.DictReader(io.StringIO(comma_separated.render(report.methods)))}
    assert len(rows) == 5
    rsdgc = rows["rsdgc 100x"]
    assert float(rsdgc["speed_up"]) == pytest.approx(0.100 / 0.114)
    assert rsdgc["break_even"] == "below"
    saved_bits, extra_s = 8 * 3_960_000, (0.114 - 0.005) - (0.100 - 0.047)
    assert float(rsdgc["break_even_bits_per_s"]) == pytest.approx(saved_bits / extra_s)
    assert rows["noop"]["test_oa"] == ""
    assert rows["none"]["oa_minus_none"] == ""


def test_reports_csv_texts_are_no_formulas_and_numbers_stay_numbers(make_record: Maker) -> None:
    """A reason may come from another machine; a spreadsheet would run what begins like a formula."""
    low = [make_record(seed=seed, oa=0.8) for seed in (0, 1)]
    low += [make_record(compressor="fp16", seed=seed, oa=0.7 - seed / 50) for seed in (0, 1)]
    report = build_report([*low, make_record(compressor="topk", status="failed", reason='=HYPERLINK("x")')])
    cells = list(csv.DictReader(io.StringIO(comma_separated.render(report.cells))))
    assert cells[-1]["reason"] == '\'=HYPERLINK("x")'
    methods = list(csv.DictReader(io.StringIO(comma_separated.render(report.methods))))
    assert float(methods[1]["oa_minus_none"]) == pytest.approx(-0.11)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-x", "@SUM(A1)", "\t=1", " =1", "\n=1", "＝1", "－1", "＠x"])
def test_reports_csv_no_form_of_a_formula_starts_a_cell(text: str, make_record: Maker) -> None:
    report = build_report([make_record(status="failed", reason=text)])
    (cell,) = csv.DictReader(io.StringIO(comma_separated.render(report.cells)))
    assert cell["reason"].startswith("'")


def test_reports_csv_shows_escapes_and_no_terminal_obeys_them(make_record: Maker) -> None:
    report = build_report([make_record(status="failed", reason="a\x1b[2J\u202eb\udcff\x9b")])
    text = comma_separated.render(report.cells)
    assert r"a\x1b[2J\u202eb\xff\x9b" in text
    assert text.replace("\n", "").isprintable()
