"""The table of rounds and samples, and the note that fewer exchanges are no compression."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from report_parts import column, only_section, table_of
from round_records import exchanging

from rsbench.reports import build_report
from rsbench.reports.tables.rounds import NOT_COMPRESSION

Maker = Callable[..., dict[str, Any]]


def three(make_record: Maker) -> list[dict[str, Any]]:
    return [
        exchanging(make_record, "rounds:8", compressor="topk", ratio=10.0),
        make_record(),
        exchanging(make_record, "accumulate:50"),
    ]


def test_rows_say_what_they_send_and_when(make_record: Maker) -> None:
    table = table_of(only_section(three(make_record)), "Rounds and samples")
    assert column(table, "Exchanges") == {"none": "600", "topk 10x, rounds:8": "75", "none, accumulate:50": "12"}
    assert column(table, "Payload/exchange") == {
        "none": "4.00 MB",
        "topk 10x, rounds:8": "3.20 MB",
        "none, accumulate:50": "4.00 MB",
    }
    # 3.2 MB in an exchange for 8 batches of 32 images.
    assert column(table, "Payload/sample")["topk 10x, rounds:8"] == "12.5 kB"
    buffers = column(table, "Buffers/round")
    assert {name for name, text in buffers.items() if text != "-"} == {name for name in buffers if "rounds" in name}
    assert column(table, "Time/sample")["none, accumulate:50"] == "1.56"
    # The parts are 100 ms with 47 of waiting; a round adds 3.
    assert column(table, "Exchange") == {"none": "47.0", "topk 10x, rounds:8": "48.5", "none, accumulate:50": "47.0"}
    assert column(table, "Round") == {"none": "-", "topk 10x, rounds:8": "3.00", "none, accumulate:50": "-"}


def test_fewer_exchanges_are_not_called_compression(make_record: Maker) -> None:
    section = only_section(three(make_record))
    number = section.notes.index(NOT_COMPRESSION) + 1
    assert section.notes.count(NOT_COMPRESSION) == 1
    for start, title in (("Comparison", "Ratio"), ("Rounds and samples", "Local steps")):
        cells = column(table_of(section, start), title)
        assert [f"[{number}]" in cells[label] for label in ("none", "topk 10x, rounds:8", "none, accumulate:50")] == [
            False,
            True,
            True,
        ]


def test_the_step_split_has_a_part_for_rounds_where_there_are_some(make_record: Maker) -> None:
    parts = table_of(only_section(three(make_record)), "Parts of a step")
    assert column(parts, "round") == {"none": "-", "topk 10x, rounds:8": "3.00", "none, accumulate:50": "0.00"}
    plain = table_of(only_section([make_record()]), "Parts of a step")
    assert "round" not in [one.title for one in plain.columns]


def test_no_table_where_all_exchange_at_every_step(make_record: Maker) -> None:
    section = only_section([make_record(), make_record(compressor="topk", ratio=10.0)])
    assert not [table for table in section.tables if table.title.startswith("Rounds")]


def test_records_that_do_not_count_exchanges(make_record: Maker) -> None:
    records = three(make_record)
    for record in records:
        for name in ("exchanges", "payload_bytes_per_exchange"):
            record["traffic"].pop(name, None)
    table = table_of(only_section(records), "Rounds and samples")
    assert column(table, "Exchanges")["none, accumulate:50"] == "12"
    assert column(table, "Payload/exchange")["topk 10x, rounds:8"] == "3.20 MB"


def test_flat_tables_tell_rows_apart(make_record: Maker) -> None:
    report = build_report(three(make_record))
    for table, rows in ((report.methods, ["", "rounds:8", "accumulate:50"]), (report.cells, None)):
        at = [column.title for column in table.columns].index("sync")
        found = [row[at] for row in table.rows]
        assert found == rows or (rows is None and sorted(found) == ["", "accumulate:50", "rounds:8"])
    assert "sync" not in [column.title for column in build_report([make_record()]).methods.columns]
