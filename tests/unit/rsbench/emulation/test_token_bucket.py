from __future__ import annotations

import pytest

from rsbench.emulation.token_bucket import FRAME_BYTES, burst_bytes, token_bucket


@pytest.mark.parametrize(("bits_per_s", "expected"), [(1e6, 5 * FRAME_BYTES), (50e6, 5 * FRAME_BYTES), (1e9, 125_000)])
def test_what_an_idle_link_sends_at_once(bits_per_s: float, expected: int) -> None:
    """A millisecond of the rate, but five packets at least: one that is larger than the bucket never leaves."""
    assert burst_bytes(bits_per_s) == expected


def test_the_command() -> None:
    assert token_bucket("link0", 4.4e6) == "qdisc add dev link0 root tbf rate 4400000bit burst 7570b limit 16777216b"
