"""The formats: nothing is lost, nothing is markup by accident, everything fits."""

from __future__ import annotations

import csv
import errno
import io
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from rsbench.errors import RsbenchError
from rsbench.reports import FORMATS, build_report, comma_separated, markdown, show, units, write_report
from rsbench.reports.table import Column, Table
from rsbench.reports.terminal import pieces
from rsbench.results import write_record
from rsbench.stats import Difference

Maker = Callable[..., dict[str, Any]]
NASTY = 'a|b <i>\nλ 地図, "quoted" *star* [bold]x[/bold] `c` \\'


def nasty_report(make_record: Maker) -> Any:
    record = make_record(dataset={"title": NASTY})
    failed = make_record(compressor="topk", ratio=10.0, status="failed", reason=NASTY)
    return build_report([record, failed], [NASTY])


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


def test_reports_markdown_keeps_nasty_values_in_their_cells(make_record: Maker) -> None:
    text = markdown.render(nasty_report(make_record))
    assert "λ 地図" in text
    assert "<i>" not in text
    for block in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE):
        pipes = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(pipes) == 1
    assert len([line for line in text.splitlines() if line.startswith("## ")]) == 3


def test_reports_markdown_cell_with_a_pipe_stays_one_cell() -> None:
    table = Table(title="t", columns=(Column(title="a|b", align="left"), Column(title="n")), rows=(("x|y\nz", "1"),))
    assert markdown.escape(table.rows[0][0]) == "x\\|y z"


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_reports_terminal_keeps_to_its_width(width: int, grid_records: list[dict[str, Any]]) -> None:
    stream = io.StringIO()
    report = build_report(grid_records)
    show(report, Console(file=stream, width=width))
    lines = stream.getvalue().splitlines()
    assert max(len(line.rstrip()) for line in lines) <= width
    text = stream.getvalue()
    for heading in ("Payload/step", "Break-even", "overlapped", "Wire ratio"):
        assert heading in text
    assert "rsdgc 100x" in text
    assert text.rstrip().endswith(".")


def test_reports_terminal_numbers_are_not_broken_over_lines(grid_records: list[dict[str, Any]]) -> None:
    stream = io.StringIO()
    show(build_report(grid_records), Console(file=stream, width=80))
    assert re.search(r"^rsdgc 100x +81\.7 ± 0\.4 +\+2\.0 \[\+0\.0, \+4\.0\]", stream.getvalue(), flags=re.MULTILINE)


def test_reports_terminal_shows_brackets_and_survives_an_ascii_console(make_record: Maker) -> None:
    raw = io.BytesIO()
    console = Console(file=io.TextIOWrapper(raw, encoding="ascii", write_through=True), width=100)
    show(nasty_report(make_record), console)
    text = raw.getvalue().decode("ascii")
    assert "[bold]x[/bold]" in text
    assert "OA (%) ^" in text


def test_reports_pieces_hold_every_column_once_behind_the_first() -> None:
    columns = tuple(Column(title=f"column {index}") for index in range(9))
    table = Table(title="t", columns=columns, rows=(tuple("x" * index for index in range(9)),))
    cut = pieces(table, 30)
    assert [one.columns[0] for one in cut] == [columns[0]] * len(cut)
    assert [column for one in cut for column in one.columns[1:]] == list(columns[1:])
    assert len(pieces(table, 1000)) == 1
    assert len(pieces(table, 1)) == 8


def test_reports_unknown_format_suggests(tmp_path: Path) -> None:
    with pytest.raises(RsbenchError, match='mean "markdown"'):
        write_report([], tmp_path, ["markdwon"])


def test_reports_of_nothing_are_written(tmp_path: Path) -> None:
    paths = write_report([], tmp_path, tuple(FORMATS), problems=["The record x is damaged."])
    assert [path.name for path in paths] == ["report.md", "methods.csv", "cells.csv", "report.html"]
    text = paths[0].read_text()
    assert "No cells are recorded." in text
    assert "The record x is damaged." in text


def test_reports_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(RsbenchError, match="disk is full"):
        write_report([], tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.0999, "0.0999"),
        (0.09999, "0.100"),
        (9.996, "10.0"),
        (99.96, "100"),
        (1234.0, "1230"),
        (None, "-"),
    ],
)
def test_reports_significant_digits(value: float | None, text: str) -> None:
    assert units.significant(value) == text


def test_reports_units() -> None:
    assert units.data_size(0) == "0 B"
    assert units.data_size(999.6) == "1.00 kB"
    assert units.data_size(45_300) == "45.3 kB"
    assert units.speed(1.2e8) == "120 Mbit/s"
    assert units.times(9977.4) == "9977x"
    assert units.times(float("nan")) == "-"
    assert units.points(Difference(mean=0.012, low=-0.003, high=0.027, count=3)) == "+1.2 [-0.3, +2.7] ~"


def test_reports_of_500_cells_take_under_3_seconds_with_python_start(tmp_path: Path, make_record: Maker) -> None:
    for index in range(500):
        record = make_record(
            seed=index % 5, lr=0.001 * (1 + index // 5 % 5), epochs=1 + index // 125, compressor="topk"
        )
        record = record | {"key": f"{index:012x}"}
        record["cell"] |= {"ratio": float(1 + index // 25 % 5)}
        record["accuracy"]["test"]["confusion"] = [[3] * 45] * 45
        record["traffic"]["density_per_tensor"] = {f"layer.{layer}.weight": 0.01 for layer in range(60)}
        write_record(tmp_path / "cells" / f"x-{index:012x}", record)
    code = (
        "import sys; from pathlib import Path; from rich.console import Console; from rsbench import reports, results\n"
        "records, problems = results.read_records([Path(sys.argv[1])])\n"
        "assert len(records) == 500, problems\n"
        "report = reports.build_report(records, problems)\n"
        "reports.show(report, Console(width=120)); reports.write_report(report, Path(sys.argv[1]))"
    )
    start = time.monotonic()
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, capture_output=True)
    assert time.monotonic() - start < 3
