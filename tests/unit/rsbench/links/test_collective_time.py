from __future__ import annotations

import pytest

from rsbench.errors import RsbenchError
from rsbench.links.collective_time import GLOO, NCCL, collective_s, constants_of, messages
from rsbench.links.link import Link, parse_link
from rsbench.links.wire import wire_bytes


def far(round_trip_s: float, bits_per_s: float = 1e8) -> Link:
    return Link(down_bits_per_s=bits_per_s, up_bits_per_s=bits_per_s, round_trip_s=round_trip_s)


@pytest.mark.parametrize(
    ("op", "workers", "steps"),
    [("all_reduce", 2, 2), ("all_reduce", 8, 14), ("all_gather", 8, 7), ("broadcast", 8, 3), ("all_gather", 1, 0)],
)
def test_a_ring_and_a_tree_have_their_messages(op: str, workers: int, steps: int) -> None:
    assert messages(op, workers) == steps


def test_bytes_pass_at_the_slower_directions_rate() -> None:
    link = parse_link("100mbit:up=10mbit")
    expected = 8 * wire_bytes("all_reduce", 4e6, 4) / 1e7
    assert collective_s("all_reduce", 4e6, 4, link, NCCL) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("op", "workers", "round_trips"),
    [
        ("all_reduce", 2, 2),
        ("all_reduce", 4, 6),
        ("all_reduce", 8, 14),
        ("all_gather", 2, 1),
        ("all_gather", 4, 3),
        ("broadcast", 2, 1),
        ("broadcast", 4, 1.5),
        ("broadcast", 8, 2),
    ],
)
def test_a_message_of_gloo_takes_a_round_trip_and_one_of_nccl_half(op: str, workers: int, round_trips: float) -> None:
    """What small calls took at 200 ms, in round trips: docs/decisions/0001."""
    for constants, saved in ((GLOO, 0.0), (NCCL, 0.5 if op == "broadcast" else round_trips / 2)):
        near, there = (collective_s(op, 8.0, workers, far(latency), constants) for latency in (0.0, 0.6))
        assert there - near == pytest.approx(0.6 * (round_trips - saved))


def test_backends_have_their_constants() -> None:
    assert constants_of("gloo") is GLOO
    assert constants_of("cpu:gloo,cuda:nccl") is NCCL
    assert constants_of("") is GLOO


def test_one_worker_takes_no_time_and_bytes_alone_take_their_rate() -> None:
    assert collective_s("all_gather", 1e6, 1, far(0.6)) == 0.0
    assert collective_s("all_gather", 1e6, 2, far(0.0), NCCL) == pytest.approx(
        8 * wire_bytes("all_gather", 1e6, 2) / 1e8
    )


def test_an_unknown_collective_is_refused() -> None:
    with pytest.raises(RsbenchError, match="all_reduced"):
        collective_s("all_reduced", 1, 2, far(0.0))
