"""The checksum of a message: 31 bits in which a flip of any bit shows."""

from __future__ import annotations

import torch

FIRST, OWN = 1, 2
"""Words of a message where the sum begins, and where the checksum itself stands, which counts as 0."""
LOW, SHIFT = 0x7FFFFFFF, 31
"""Bits that are kept, and how far they are shifted down."""
GOLDEN = 0x9E3779B97F4A7C15 - 2**64
"""2^64 / golden ratio as int64: its odd multiples are spread evenly."""


class Checksum:
    """31 high bits of the sum of a message's words, each times an odd 64-bit number of its own, by torch operations.

    An odd factor carries a flip of any bit into the bits that are kept; a factor that is even would lose flips of
    high bits, those of signs among them. No host synchronisation.
    """

    def __init__(self) -> None:
        self._factors: torch.Tensor | None = None

    def __call__(self, messages: torch.Tensor) -> torch.Tensor:
        """Return the checksums of messages of one length, uint8 [..., bytes]: int32 [...]."""
        words = messages.view(torch.int32)[..., FIRST:]
        factors = self._factors
        if factors is None or factors.numel() != words.shape[-1]:
            factors = torch.arange(1, 2 * words.shape[-1], 2, device=words.device).mul_(GOLDEN)
            factors[OWN - FIRST] = 0
            self._factors = factors  # complete, since callbacks run on other threads
        return (words * factors).sum(-1).bitwise_right_shift(SHIFT).bitwise_and(LOW).to(torch.int32)
