"""The flat table of links."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from exchange_records import with_exchange

from rsbench.links.asked import read_asked
from rsbench.reports import build_report

Maker = Callable[..., dict[str, Any]]


def test_links_have_a_row_a_link_and_method(make_record: Maker) -> None:
    records = [with_exchange(make_record()), with_exchange(make_record(compressor="dgc", ratio=100.0))]
    table = build_report(records, asked=read_asked(["geo", "1mbit"], contact="8m/95m")).links
    assert table is not None and table.title == "links"
    names = [column.title for column in table.columns]
    rows = [dict(zip(names, row, strict=True)) for row in table.values]
    assert [(row["link"], row["method"]) for row in rows] == [
        *(("geo", "none"), ("geo", "dgc 100x")),
        *(("1mbit", "none"), ("1mbit", "dgc 100x")),
    ]
    assert all(row["run_s"] == row["steps"] * row["link_step_s"] for row in rows)
    assert [row["passes"] for row in rows][2:] == [43, 1]


def test_without_links_there_is_no_such_table(make_record: Maker) -> None:
    assert build_report([make_record()]).links is None
