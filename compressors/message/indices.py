"""Writing and reading the numbers of chosen blocks in the codings of :mod:`rsbench.compressors.blocks.index_size`.

No host synchronisation and no Python loop over elements: shapes depend on (J, k) only. Not run on a GPU by us so far.
"""

from __future__ import annotations

import numpy as np
import torch

from rsbench.compressors.blocks.index_size import FILLER, Coding, coding_for
from rsbench.compressors.message import bits


def encode(index: torch.Tensor, blocks: int, into: torch.Tensor) -> None:
    """Write block numbers.

    Args:
        index: int64, shape [k], rising, each once, in 0..blocks-1.
        blocks: J.
        into: uint8 view of a message, shape [:func:`~rsbench.compressors.blocks.index_size.index_bytes`].
    """
    coding = coding_for(blocks, index.numel())
    if coding is Coding.INT32:
        into.view(torch.int32).copy_(index)
    elif coding is Coding.GAPS:
        _encode_gaps(index, into.view(torch.int16))
    else:
        _encode_bits(index, into)


def decode(data: torch.Tensor, blocks: int, count: int) -> torch.Tensor:
    """Read what :func:`encode` wrote; what no encoder writes gives numbers out of range, never an exception.

    Args:
        data: uint8, shape [index_bytes(blocks, count)].
        blocks: J.
        count: k.

    Returns:
        int64, shape [k].
    """
    coding = coding_for(blocks, count)
    if coding is Coding.INT32:
        return data.view(torch.int32).long()
    if coding is Coding.GAPS:
        return _decode_gaps(data.view(torch.int16), count)
    return _decode_bits(data, blocks, count)


def _encode_gaps(index: torch.Tensor, entries: torch.Tensor) -> None:
    gaps = torch.diff(index, prepend=index.new_zeros(1))
    fillers = torch.div(gaps, FILLER, rounding_mode="floor")
    place = torch.arange(index.numel(), device=index.device) + fillers.cumsum(0)
    entries.fill_(-1)  # 65,535 as uint16
    entries.scatter_(0, place, gaps.sub_(fillers, alpha=FILLER).to(torch.int16))  # keeps the low 16 bits


def _decode_gaps(entries: torch.Tensor, count: int) -> torch.Tensor:
    steps = entries.to(torch.int64).bitwise_and_(FILLER)
    return _first(steps != FILLER, steps.cumsum(0), count)


def _encode_bits(index: torch.Tensor, into: torch.Tensor) -> None:
    mask = torch.zeros(into.numel() * bits.BITS, dtype=torch.bool, device=index.device)
    bits.pack(mask.index_fill_(0, index, True), into)


def _decode_bits(data: torch.Tensor, blocks: int, count: int) -> torch.Tensor:
    found = bits.unpack(data, blocks)
    if data.device.type == "cpu":
        index = torch.from_numpy(np.flatnonzero(found.numpy())[:count])
        return index if index.numel() == count else torch.cat([index, index.new_full((count - index.numel(),), -1)])
    return _first(found.bool(), torch.arange(blocks, device=data.device), count)


def _first(mask: torch.Tensor, values: torch.Tensor, count: int) -> torch.Tensor:
    """The first ``count`` values where ``mask`` holds, -1 for those that are missing; shape [count] always."""
    place = torch.where(mask, mask.cumsum(0) - 1, count).clamp_(max=count)
    found = values.new_full((count + 1,), -1)
    found.scatter_(0, place, values)
    return found[:count]
