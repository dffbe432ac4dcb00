from __future__ import annotations

import pytest

from rsbench.errors import RsbenchError
from rsbench.links.collective_time import GLOO, collective_s, messages
from rsbench.links.link import Link, parse_link
from rsbench.links.wire import wire_bytes

NO_CONSTANTS = GLOO._replace(message_s=0.0, stretch={}, stretch_of_two={})


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
    assert collective_s("all_reduce", 4e6, 4, link, NO_CONSTANTS) == pytest.approx(expected)


def test_a_ring_of_eight_pays_fourteen_latencies() -> None:
    small = 8.0  # bytes, which fit every window
    near, geo = (collective_s("all_reduce", small, 8, far(latency), NO_CONSTANTS) for latency in (0.0, 0.6))
    assert geo - near == pytest.approx(14 * 0.3)


def test_a_long_message_waits_for_its_window_to_open() -> None:
    """100 kB in turns of 14.48, 28.96 and 57.92 kB: three waits of a round trip less their own time."""
    link = far(1.0, 1e9)
    sent = wire_bytes("all_gather", 100_000, 2)
    waits = 3 * 1.0 - 8 * (14_480 + 28_960 + 57_920) / 1e9
    expected = 8 * sent / 1e9 + 0.5 + waits
    assert collective_s("all_gather", 100_000, 2, link, NO_CONSTANTS) == pytest.approx(expected)


def test_without_latency_no_window_matters_and_one_worker_takes_no_time() -> None:
    assert collective_s("all_gather", 1e6, 1, far(0.6)) == 0.0
    assert collective_s("all_gather", 1e6, 2, far(0.0), NO_CONSTANTS) == pytest.approx(
        8 * wire_bytes("all_gather", 1e6, 2) / 1e8
    )


def test_an_unknown_collective_is_refused() -> None:
    with pytest.raises(RsbenchError, match="all_reduced"):
        collective_s("all_reduced", 1, 2, far(0.0))
