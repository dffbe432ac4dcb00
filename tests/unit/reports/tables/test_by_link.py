"""The first table: which method on which link, as the closing words say it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from exchange_records import with_exchange
from report_parts import comparison_of

from rsbench.reports import build_report
from rsbench.reports.analysis.link_answer import answer
from rsbench.reports.analysis.on_link import OnLink
from rsbench.reports.costs.link_model import wired
from rsbench.reports.document.table import Notes
from rsbench.reports.tables.by_link import by_link_table

Maker = Callable[..., dict[str, Any]]


def records(make_record: Maker) -> list[dict[str, Any]]:
    return [
        make_record(seed=seed, compressor=name, ratio=ratio, oa=oa + 0.001 * seed * (name == "dgc"), split_ms=ms)
        for seed in (0, 1, 2)
        for name, ratio, oa, ms in (
            ("none", None, 0.8, {}),
            ("dgc", 10.0, 0.802, {"compress_s": 10.0, "wait_s": 5.0}),
            ("topk", 1000.0, 0.795, {"compress_s": 80.0, "wait_s": 5.0}),
            ("randomk", 1000.0, 0.5, {"wait_s": 1.0}),
        )
    ]


def test_each_range_of_speeds_has_a_row_and_they_touch(make_record: Maker) -> None:
    table = by_link_table(comparison_of(records(make_record)), Notes())
    assert table is not None
    assert [row[:2] for row in table.rows] == [
        ("below 45 Mbit/s", "topk 1000x"),
        ("45 Mbit/s to 2.2 Gbit/s", "dgc 10x"),
        ("above 2.2 Gbit/s", "no compression"),
    ]
    assert [row[3] for row in table.rows] == ["1000x fewer", "10x fewer", "4.00 MB a step"]
    assert table.values[0][3] == {"payload_bytes_per_step": 4000.0, "compression_ratio": 1000.0}
    assert table.rows[2][2] == "-"
    ends = [row[0] for row in table.values]
    assert ends[0]["above_bits_per_s"] == 0 and ends[2]["below_bits_per_s"] is None
    assert ends[0]["below_bits_per_s"] == ends[1]["above_bits_per_s"]
    assert [row[1] for row in table.values] == ["topk 1000x", "dgc 10x", "none"]


def test_it_is_the_first_table_and_says_what_the_sentence_says(make_record: Maker) -> None:
    (section,) = build_report(records(make_record)).sections
    table, answer = section.tables[0], section.sentences[0]
    assert table.title == "Which method on which link"
    assert answer == (
        "Below 45 Mbit/s use topk 1000x (OA -0.5 points ~, 1000x fewer bytes); from 45 Mbit/s to 2.2 Gbit/s use "
        "dgc 10x (OA +0.3 points ~, 10x fewer bytes); above, do not compress."
    )
    assert section.sentences[-1].startswith("Measured on this machine's loopback")
    assert section.basis == "12 of 12 cells done; seeds 0, 1, 2; 600 steps a cell."


@pytest.mark.parametrize("bits_per_s", [1e3, 1e6, 4e7, 5e7, 1e9, 2.1e9, 2.3e9, 2.8e9, 1e11])
def test_a_link_that_is_asked_for_gets_the_method_of_the_tables_row(make_record: Maker, bits_per_s: float) -> None:
    beaten = {"compress_s": 81.0, "wait_s": 5.0}  # the bytes of topk 1000x and more computing
    rows = [
        *records(make_record),
        *(make_record(seed=seed, compressor="rsdgc", ratio=1001.0, oa=0.8, split_ms=beaten) for seed in (0, 1, 2)),
    ]
    comparison = comparison_of(rows)
    table = by_link_table(comparison, Notes())
    assert table is not None and table.advisor is not None
    use = next(
        str(row[1])
        for row in table.values
        if row[0]["below_bits_per_s"] is None or bits_per_s < row[0]["below_bits_per_s"]
    )
    said = answer(OnLink(comparison=comparison, link=wired(bits_per_s)))
    assert (f"use {use}:" in said) if use != "none" else ("do not compress" in said or "does not pay" in said)
    assert "rsdgc 1001x" not in [row.label for row in table.advisor.rows if row is not None and row.is_advised]


def test_a_page_gets_every_row_and_who_may_be_advised(make_record: Maker) -> None:
    table = by_link_table(comparison_of([with_exchange(record) for record in records(make_record)]), Notes())
    assert table is not None and table.advisor is not None
    rows = {row.label: row for row in table.advisor.rows if row is not None}
    assert [row.is_advised for row in rows.values()] == [True, True, True, False]
    assert [label for label, row in rows.items() if row.run.is_reference] == ["none"]
    assert all(row.run.steps == 600 and "phases" in row.run.costs for row in rows.values())


def test_where_nothing_can_be_said_of_links_there_is_no_table(make_record: Maker) -> None:
    def table(*rows: dict[str, Any]) -> object:
        return by_link_table(comparison_of(rows), Notes())

    assert table(make_record()) is None
    assert table(make_record(compressor="topk", ratio=10.0), make_record(compressor="dgc", ratio=10.0)) is None
    alone = [make_record(workers=1), make_record(workers=1, compressor="topk", ratio=10.0)]
    for record in alone:
        record["traffic"]["wire_bytes_total"] = 0
    assert table(*alone) is None
