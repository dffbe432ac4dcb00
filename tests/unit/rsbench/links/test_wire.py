"""Bytes on the wire by each collective's formula."""

from __future__ import annotations

import pytest

from rsbench.errors import RsbenchError
from rsbench.links.wire import data_bytes, wire_bytes


@pytest.mark.parametrize(
    ("op", "workers", "expected"),
    [
        ("all_reduce", 1, 0),
        ("all_reduce", 2, 1000),
        ("all_reduce", 4, 1500),
        ("all_gather", 1, 0),
        ("all_gather", 3, 2000),
        ("broadcast", 4, 750),
        ("all_to_all", 4, 750),
    ],
)
def test_link_data_bytes_follow_the_formulas(op: str, workers: int, expected: float) -> None:
    assert data_bytes(op, 1000, workers) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("op", "payload", "workers", "counted"),
    [
        ("all_reduce", 40_000, 2, 43_649),
        ("all_reduce", 4_000_000, 2, 4_194_875),
        ("all_reduce", 4000, 4, 10_870),
        ("all_reduce", 4_000_000, 4, 6_345_390),
        ("all_gather", 40_000, 2, 42_718),
        ("all_gather", 1000, 4, 5412),
        ("all_gather", 4_000_000, 4, 12_656_926),
        ("broadcast", 4000, 4, 3432),
        ("all_to_all", 1000, 2, 903),
        ("all_to_all", 40_000, 3, 29_175),
        ("all_to_all", 40_000, 4, 32_786),
        ("all_to_all", 400_000, 4, 317_560),
        ("broadcast", 4_000_000, 2, 2_132_265),
    ],
)
def test_link_wire_bytes_are_what_the_kernel_counted(op: str, payload: int, workers: int, counted: int) -> None:
    """On interfaces of gloo's ranks in namespaces of their own, ``tests/programs/count_wire.py``."""
    assert wire_bytes(op, payload, workers) == pytest.approx(counted, rel=0.01)


def test_link_wire_bytes_of_many_calls_are_those_of_each_added_up() -> None:
    assert wire_bytes("all_reduce", 3000, 4, calls=3) == pytest.approx(3 * wire_bytes("all_reduce", 1000, 4))


def test_link_wire_ratio_of_a_hundredfold_payload_falls_with_the_workers() -> None:
    ratios = [wire_bytes("all_reduce", 1e11, w) / wire_bytes("all_gather", 1e9, w) for w in (2, 4, 8)]
    assert ratios == pytest.approx([100, 50, 25], rel=1e-4)


def test_link_small_messages_cost_more_than_their_bytes() -> None:
    """2,300 bytes at a wire ratio of 2,000 by data alone."""
    assert wire_bytes("all_reduce", 4.6e6, 2) / wire_bytes("all_gather", 2300, 2) == pytest.approx(1520, rel=0.02)


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
