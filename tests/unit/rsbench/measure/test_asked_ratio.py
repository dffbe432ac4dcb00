"""What is said of a ratio that was missed."""

from __future__ import annotations

from typing import Any

import pytest

from rsbench.measure.asked_ratio import miss_text, sent_ratio


def traffic(payload: float | None, wire: float | None = 1.0) -> dict[str, Any]:
    return {"compression_ratio": payload, "wire_ratio": wire}


@pytest.mark.parametrize("sent", [495.1, 500, 504.9])
def test_one_per_cent_needs_no_word(sent: float) -> None:
    assert miss_text({"ratio": 500.0, "match": "payload"}, traffic(sent)) == ""


def test_more_is_said_with_both_numbers() -> None:
    assert miss_text({"ratio": 500.0, "match": "payload"}, traffic(524)) == "asked 500x, sent 524.0x (+4.8 %)"
    assert miss_text({"ratio": 10.0}, traffic(9.0)) == "asked 10x, sent 9.000x (-10.0 %)", "old records have no match"


def test_the_ratio_is_that_of_the_bytes_that_were_matched() -> None:
    assert sent_ratio({"ratio": 10.0, "match": "wire"}, traffic(20.0, 10.0)) == 10.0
    assert miss_text({"ratio": 10.0, "match": "wire"}, traffic(10.0, 5.0)) == "asked 10x, sent 5.000x (-50.0 %)"


@pytest.mark.parametrize("cell", [{"ratio": None}, {"ratio": 100.0, "match": "density"}, {"ratio": 0}])
def test_nothing_is_said_where_no_ratio_was_promised(cell: dict[str, Any]) -> None:
    assert miss_text(cell, traffic(3.0)) == ""


def test_nothing_is_said_where_nothing_was_sent() -> None:
    assert miss_text({"ratio": 100.0}, traffic(None, None)) == ""
