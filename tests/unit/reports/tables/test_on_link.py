"""The table of a setting on a link."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from link_records import with_exchange
from report_parts import column, comparison_of

from rsbench.links.contact import Contact
from rsbench.links.link import parse_link
from rsbench.reports.analysis.on_link import OnLink
from rsbench.reports.document.table import Notes, Table
from rsbench.reports.tables.on_link import on_link_table

Maker = Callable[..., dict[str, Any]]


def drawn(records: list[dict[str, Any]], link: str, contact: Contact | None = None) -> tuple[Table, list[str]]:
    notes = Notes()
    table = on_link_table(OnLink(comparison=comparison_of(records), link=parse_link(link), contact=contact), notes)
    assert table is not None
    return table, notes.texts


def two(make_record: Maker, **changes: Any) -> list[dict[str, Any]]:
    return [
        with_exchange(make_record(**changes)),
        with_exchange(make_record(compressor="dgc", ratio=100.0, **changes)),
    ]


def test_the_table_has_steps_hours_and_bytes(make_record: Maker) -> None:
    table, notes = drawn(two(make_record, history=True), "1mbit")
    assert table.title == "On a link of 1.0 Mbit/s (modelled)"
    assert [one.key for one in table.columns] == (
        ["method", "link_step_s", "link_speed_up", "run_s", "target_s", "sent_bytes", "received_bytes"]
    )
    assert column(table, "Run") == {"none": "5.70", "dgc 100x": "0.0878"}
    assert column(table, "To 95 %") == {"none": "4.28", "dgc 100x": "0.0658"}
    assert column(table, "Sent") == {"none": "2.40 GB", "dgc 100x": "24.0 MB"}
    assert column(table, "Speed-up") == {"none": "-", "dgc 100x": "65x"}
    assert any("without validation" in note for note in notes)


def test_seeds_give_a_range(make_record: Maker) -> None:
    records = [*two(make_record, seed=0), *two(make_record, seed=1, split_ms={"compress_s": 100.0})]
    table, _ = drawn(records, "1gbit")
    assert column(table, "Over seeds")["none"].startswith("[")
    values = table.values[0]
    place = [one.key for one in table.columns].index("link_step_range_s")
    low, high = values[place]
    assert low <= values[1].step_s <= high and low < high


def test_passes_have_columns(make_record: Maker) -> None:
    table, notes = drawn(two(make_record), "1mbit", Contact(visible_s=480, period_s=5700))
    assert column(table, "Passes") == {"none": "43", "dgc 100x": "1"}
    # 42 periods of 95 minutes and what is left of 5.70 h: 66.6 h.
    assert column(table, "With passes")["none"] == "66.6"
    assert column(table, "With passes")["dgc 100x"] == column(table, "Run")["dgc 100x"]
    # 2.40 GB in 5.70 h of contact: 56.1 MB in 8 minutes.
    assert column(table, "Sent/pass") == {"none": "56.1 MB", "dgc 100x": "24.0 MB"}
    assert any("during passes only" in note for note in notes)


def test_doubt_is_marked_with_its_reason(make_record: Maker) -> None:
    table, notes = drawn([make_record(), make_record(compressor="dgc", ratio=100.0)], "geo")
    assert all(" ? [" in text for text in column(table, "Step there").values())
    assert any(note.startswith("The model is in doubt: its records do not say") for note in notes)
    assert any(note.startswith("geo: Ookla") for note in notes)


def test_a_page_gets_what_it_computes_from(make_record: Maker) -> None:
    table, _ = drawn(two(make_record, history=True), "geo", Contact(visible_s=480, period_s=5700))
    calculator = table.calculator
    assert calculator is not None
    assert (calculator.bits_per_s, calculator.round_trip_s, calculator.contact) == (4.4e6, 0.683, (480, 5700))
    assert {table.columns[place].key for place in calculator.columns.values()} == set(calculator.columns)
    assert "sent_bytes" not in calculator.columns
    none, dgc = calculator.rows
    assert none is not None and dgc is not None
    assert (none.is_reference, dgc.is_reference) == (True, False)
    assert (none.steps, none.target_steps, none.sent_bytes) == (600, 450, 2.4e9)


def test_without_costs_there_is_no_table(make_record: Maker) -> None:
    record = make_record(status="failed")
    assert on_link_table(OnLink(comparison=comparison_of([record]), link=parse_link("geo")), Notes()) is None
