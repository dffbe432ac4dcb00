"""Uniform draws that depend on a key and an element's number only: the same in torch operations and compiled loops.

A hash of the element's number in place of a generator with a state (Salmon et al., SC 2011, name the idea
counter-based): nothing is drawn twice, no order matters, and no host waits. The mixing is ``triple32`` of Wellons'
hash-prospector, keyed before and after its first multiplication; one with two multiplications failed our tests.
"""

from __future__ import annotations

import hashlib
import struct

import torch

SHIFTS = 17, 11, 15, 14
FACTORS = 0xED5AD4BB, 0xAC4C1B51, 0x31848BAB
UNUSED_BITS = 8
"""Of a hash of 32 bits: a float32 holds 24."""
STEP = 2.0**-24
"""Distance of two draws."""
Keys = tuple[int, int]
"""Two numbers of 32 bits."""


def keys(text: str) -> Keys:
    """Return the keys that belong to a text."""
    first, second = struct.unpack("<II", hashlib.blake2b(text.encode(), digest_size=8).digest())
    return first, second


def uniform(keys: Keys, count: int, device: torch.device) -> torch.Tensor:
    """Return draws of elements 0 to ``count - 1`` (below 2^31), float32 in [0, 1), multiples of 2^-24.

    Wraps at 32 bits; shifts fill with zeros. Not run on a GPU by us so far.
    """
    x = torch.arange(count, dtype=torch.int32, device=device).add_(_signed(keys[0]))
    _fold(x, SHIFTS[0]).mul_(_signed(FACTORS[0])).bitwise_xor_(_signed(keys[1]))
    _fold(x, SHIFTS[1]).mul_(_signed(FACTORS[1]))
    _fold(x, SHIFTS[2]).mul_(_signed(FACTORS[2]))
    _fold(x, SHIFTS[3])
    return _shifted(x, UNUSED_BITS).float().mul_(STEP)


def _signed(word: int) -> int:
    """Return 32 bits as a signed number."""
    return word - (word >> 31 << 32)


def _shifted(x: torch.Tensor, by: int) -> torch.Tensor:
    return torch.bitwise_right_shift(x, by).bitwise_and_((1 << 32 - by) - 1)


def _fold(x: torch.Tensor, by: int) -> torch.Tensor:
    """Mix high bits into low ones, in place."""
    return x.bitwise_xor_(_shifted(x, by))
