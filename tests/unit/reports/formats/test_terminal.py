"""The terminal: everything fits, nothing is markup by accident."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from pruned_records import pruned
from report_parts import nasty_report
from rich.console import Console

from rsbench.reports import build_report, show
from rsbench.reports.document.table import Column, Table
from rsbench.reports.formats.terminal import pieces

Maker = Callable[..., dict[str, Any]]


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
    assert re.search(r"^rsdgc 100x +81\.7 ± 0\.4 +\+2\.0 \[-1\.5, \+5\.5\] ~", stream.getvalue(), flags=re.MULTILINE)


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


def test_reports_pieces_begin_with_all_leading_columns() -> None:
    columns = tuple(Column(title=f"column {index}") for index in range(5))
    table = Table(title="t", columns=columns, rows=(tuple("abcde"),), leading=2)
    cut = pieces(table, 30)
    assert [one.columns for one in cut] == [(*columns[:2], column) for column in columns[2:]]
    assert [one.rows for one in cut] == [(("a", "b", text),) for text in "cde"]


def test_reports_terminal_shows_one_table_where_one_method_compares_nothing(make_record: Maker) -> None:
    stream = io.StringIO()
    show(build_report([make_record(compressor="none", ratio=None)]), Console(file=stream, width=120))
    assert "Comparison" in stream.getvalue() and "in detail" not in stream.getvalue()


def test_reports_terminal_shows_what_scoring_took_where_one_pruned_row_is_alone(make_record: Maker) -> None:
    stream = io.StringIO()
    show(build_report([pruned(make_record, "tdds:0.5", compressor="none", ratio=None)]), Console(file=stream, width=80))
    text = stream.getvalue()
    assert "Training-set selection" in text and "Sent, scoring" in text and "in detail" not in text
    assert " ".join(text.split()).count("Scoring trains on all samples first") == 1
