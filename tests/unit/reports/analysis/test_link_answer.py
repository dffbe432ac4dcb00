"""The sentence on a link."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from exchange_records import with_exchange
from report_parts import comparison_of
from round_records import exchanging

from rsbench.links.contact import Contact
from rsbench.links.link import parse_link
from rsbench.reports.analysis.link_answer import answers
from rsbench.reports.analysis.on_link import OnLink

Maker = Callable[..., dict[str, Any]]
PASSES = Contact(visible_s=480, period_s=5700)


def said(records: list[dict[str, Any]], link: str, contact: Contact | None = None) -> str:
    return answers([OnLink(comparison=comparison_of(records), link=parse_link(link), contact=contact)])


def two(make_record: Maker, **changes: Any) -> list[dict[str, Any]]:
    return [
        with_exchange(make_record(**changes), load=1.0),
        with_exchange(make_record(compressor="dgc", ratio=100.0, **changes)),
    ]


def test_a_slow_link_names_the_method_and_both_hours(make_record: Maker) -> None:
    words = said(two(make_record, history=True), "1mbit")
    assert words == (
        "On a link of 1.0 Mbit/s: use dgc 100x: the run takes 5 min 16 s instead of 5.70 h with none, and 3 min 57 s "
        "instead of 4.28 h to 95 % of none's best validation OA."
    )


def test_passes_are_counted(make_record: Maker) -> None:
    words = said(two(make_record), "1mbit", PASSES)
    assert "there 8 min of each 95 min: use dgc 100x" in words
    # 5.70 h are 42.7 passes.
    assert "in 1 pass instead of" in words and "in 43 passes with none." in words
    assert "validation" not in words


def test_a_fast_link_needs_no_compression(make_record: Maker) -> None:
    records = two(make_record, split_ms={"compress_s": 0.0})
    records[1]["exchange"]["phases"][0]["buckets"][0]["compress_s"] = 0.05
    assert said(records, "100gbit").startswith("On a link of 100 Gbit/s: do not compress: the run takes ")
    records[1]["exchange"]["phases"][0]["buckets"][0]["compress_s"] = 0.0
    assert "compression does not pay, dgc 100x takes" in said(records, "100gbit")


def test_doubt_is_said_once(make_record: Maker) -> None:
    comparison = comparison_of([make_record(), make_record(compressor="dgc", ratio=100.0)])
    words = answers([OnLink(comparison=comparison, link=parse_link(link)) for link in ("geo", "leo")])
    assert words.startswith("On geo (48 Mbit/s down, 4.4 Mbit/s up, 683 ms round trip): use dgc 100x: the run takes ")
    assert words.endswith(
        " (?) with none. The model is in doubt (?) for dgc 100x and none: its records do not say when a step exchanges "
        "what, so latency is left out."
    )
    assert (words.count("in doubt"), words.count(" (?) instead of")) == (1, 2)


def test_without_a_reference_nothing_is_said(make_record: Maker) -> None:
    assert said([with_exchange(make_record(compressor="dgc", ratio=100.0))], "geo") == ""


def test_rows_of_rounds_are_told_with_their_own_words(make_record: Maker) -> None:
    rounds = [with_exchange(make_record(history=True)), exchanging(make_record, "rounds:100", history=True)]
    words = said(rounds, "1mbit")
    assert words.startswith("On a link of 1.0 Mbit/s: use none, rounds:100: the run takes ")
    assert " to 95 % of none's best validation OA." in words
    assert "speaking less often does not pay, none, rounds:100 takes" in said(
        [rounds[0], exchanging(make_record, "rounds:100", round_ms=0.0)], "1tbit"
    )
