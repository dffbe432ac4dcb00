"""The kernel's token bucket filter, as a command of ``tc``."""

from __future__ import annotations

from typing import Final

FRAME_BYTES: Final = 1514
"""Of a full packet: an MTU of 1,500 bytes and the Ethernet header."""
BURST_S: Final = 0.001
"""A link that was idle may send so much of its rate at once: free bytes, hence few.

With less, fast links stay below their rate.
"""
LEAST_BURST_BYTES: Final = 5 * FRAME_BYTES
QUEUE_BYTES: Final = 16 * 2**20
"""That wait before packets are dropped: more than TCP lets be on the way."""


def burst_bytes(bits_per_s: float) -> int:
    """Return what may pass at once."""
    return max(LEAST_BURST_BYTES, round(BURST_S * bits_per_s / 8))


def token_bucket(interface: str, bits_per_s: float) -> str:
    """Return the command that holds what leaves an interface to a rate, headers counted."""
    return (
        f"qdisc add dev {interface} root tbf rate {bits_per_s:.0f}bit burst {burst_bytes(bits_per_s)}b "
        f"limit {QUEUE_BYTES}b"
    )
