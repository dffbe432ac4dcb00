"""The checksum of a message: 31 bits in which a flip of any bit shows."""

from __future__ import annotations

import torch

OWN = 1
"""Where the checksum itself stands among the words; it counts as 0."""
LOW, SHIFT = 0x7FFFFFFF, 31
"""Bits that are kept, and how far they are shifted down."""
GOLDEN = 0x9E3779B97F4A7C15 - 2**64
"""2^64 / golden ratio as int64: its odd multiples are spread evenly."""


def checksum(words: torch.Tensor) -> torch.Tensor:
    """Return 31 high bits of a sum of words, each times an odd 64-bit number of its own; no host synchronisation.

    An odd factor carries a flip of any bit into the bits that are kept; a factor that is even would lose flips of
    high bits, those of signs among them.

    Args:
        words: int32, shape [n]: status, the checksum, step and body.

    Returns:
        Int32, shape [].
    """
    long = words.long()
    long[OWN] = 0
    places = torch.arange(1, 2 * words.numel(), 2, device=words.device).mul_(GOLDEN)
    return (long.mul_(places).sum().bitwise_right_shift(SHIFT) & LOW).to(torch.int32)
