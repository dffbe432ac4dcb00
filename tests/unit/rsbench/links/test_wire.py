"""Bytes on the wire by each collective's formula."""

from __future__ import annotations

import pytest

from rsbench.errors import RsbenchError
from rsbench.links.wire import wire_bytes


@pytest.mark.parametrize(
    ("op", "workers", "expected"),
    [
        ("all_reduce", 1, 0),
        ("all_reduce", 2, 1000),
        ("all_reduce", 4, 1500),
        ("all_gather", 1, 0),
        ("all_gather", 3, 2000),
        ("broadcast", 4, 750),
    ],
)
def test_link_wire_bytes_follow_the_formulas(op: str, workers: int, expected: float) -> None:
    assert wire_bytes(op, 1000, workers) == pytest.approx(expected)


def test_link_wire_ratio_of_a_hundredfold_payload_falls_with_the_workers() -> None:
    ratios = [wire_bytes("all_reduce", 100.0, w) / wire_bytes("all_gather", 1.0, w) for w in (2, 4, 8)]
    assert ratios == pytest.approx([100, 50, 25])


@pytest.mark.parametrize(
    ("op", "payload", "workers", "words"),
    [
        ("all_reduced", 1, 2, 'mean "all_reduce"'),
        ("all_reduce", 1, 0, "world size of 0"),
        ("all_reduce", -1, 2, "-1 bytes"),
    ],
)
def test_link_refuses_what_cannot_be(op: str, payload: int, workers: int, words: str) -> None:
    with pytest.raises(RsbenchError, match=words):
        wire_bytes(op, payload, workers)
