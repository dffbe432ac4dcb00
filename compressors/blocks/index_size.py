"""How the numbers of the chosen blocks are written, and in how many bytes. Torch-free.

The coding depends on nothing but the number of blocks J and the number chosen k, so that it is the same on all ranks
and can be planned: the cheapest of

- ``INT32``: one int32 a block, 4 k bytes;
- ``GAPS``: blocks in rising order, the distance to the one before as uint16; a distance of 65,535 or more is
  preceded by filler entries 65,535 that carry no block. At most J / 65,535 fillers: so
  2 (k + floor(J / 65,535)) bytes, all counted;
- ``BITMAP``: one bit a block, J / 8 bytes.
"""

from __future__ import annotations

import enum

FILLER = 0xFFFF
"""Entry of ``GAPS`` that moves on by 65,535 blocks and carries none."""
_WORD = 4


class Coding(enum.Enum):
    """Names of the codings, the preferred one of equals first."""

    INT32 = "int32"
    GAPS = "gaps"
    BITMAP = "bitmap"


def padded(size_bytes: int) -> int:
    """Round up to whole words of 4 bytes; padding counts as payload."""
    return -(-size_bytes // _WORD) * _WORD


def gap_entries(blocks: int, count: int) -> int:
    """Entries of ``GAPS``, room for fillers and padding to an even number included."""
    entries = count + blocks // FILLER
    return entries + entries % 2


def _sizes(blocks: int, count: int) -> dict[Coding, int]:
    return {
        Coding.INT32: _WORD * count,
        Coding.GAPS: 2 * gap_entries(blocks, count),
        Coding.BITMAP: _WORD * -(-blocks // 32),
    }


def coding_for(blocks: int, count: int) -> Coding:
    """The cheapest coding of ``count`` chosen out of ``blocks``."""
    sizes = _sizes(blocks, count)
    return min(sizes, key=lambda coding: sizes[coding])


def index_bytes(blocks: int, count: int) -> int:
    """Bytes of the numbers of ``count`` chosen out of ``blocks``; never falls when ``count`` rises."""
    return min(_sizes(blocks, count).values())
