"""The k highest scores of each of many tensors at once: exact, without hint or sort, and without host synchronisation.

Scores that are not negative are ordered as their bits are, read as whole numbers. Three histograms, over the upper 11
bits, then the next 10, then the last 10, each among the scores that share the upper bits found so far, give the k-th
score of each tensor exactly, and how many of those equal to it are wanted: the first ones, as on a CPU.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import torch

from rsbench.compressors.device.places import on_device, spread

ROW = 1024
"""Scores in a row of the table; each tensor begins with a row of its own."""
DIGITS = ((20, 11), (10, 10), (0, 10))
"""Shift and number of bits of each histogram."""


@dataclasses.dataclass(frozen=True)
class Segments:
    """How the scores of several tensors stand in one table of rows.

    Attributes:
        starts: of each tensor, its first score.
        rows: number of rows.
        owner: tensor of each row, int64 [rows].
        wanted: k of each tensor, int64 [T].
        start: where the tensor of each chosen block starts, int64 [K].
        ordinals: 1..K, int32.
    """

    starts: tuple[int, ...]
    rows: int
    owner: torch.Tensor
    wanted: torch.Tensor
    start: torch.Tensor
    ordinals: torch.Tensor


def segments(blocks: Sequence[int], counts: Sequence[int], device: torch.device) -> Segments:
    """Lay out tensors of so many blocks, of which so many are chosen."""
    rows = [-(-number // ROW) for number in blocks]
    ends = torch.as_tensor(rows, dtype=torch.int64).cumsum(0)
    starts = ((ends - torch.as_tensor(rows)) * ROW).tolist()
    return Segments(
        tuple(starts),
        sum(rows),
        on_device(spread(list(range(len(rows))), rows), device),
        on_device(counts, device),
        on_device(spread(starts, counts), device),
        torch.arange(1, sum(counts) + 1, dtype=torch.int32, device=device),
    )


def keys_of(scores: torch.Tensor) -> torch.Tensor:
    """Turn scores, float32, in place into int32 keys of the same order as their magnitudes; nan is the highest."""
    return scores.abs_().nan_to_num_(nan=math.inf).view(torch.int32)


def highest(keys: torch.Tensor, table: Segments) -> torch.Tensor:
    """Return the places of the chosen keys, rising, of equal keys the first: int64 [K], counted in their tensors.

    Args:
        keys: int32 [rows * ROW], 0 or more; 0 behind the last of a tensor.
        table: where each tensor stands, and how many of it are wanted, fewer than it has.
    """
    keys = keys.view(table.rows, ROW)
    kth, need, equal_count = _kth(keys, table)
    lowest = kth[table.owner][:, None]
    equal = keys == lowest
    rank = equal.view(-1).cumsum(0, dtype=torch.int32).view(keys.shape)
    limit = equal_count.cumsum(0) - equal_count + need
    chosen = (keys > lowest).logical_or_(equal.logical_and_(rank <= limit[table.owner][:, None]))
    places = torch.searchsorted(chosen.view(-1).cumsum(0, dtype=torch.int32), table.ordinals)
    return places.sub_(table.start)


def _kth(keys: torch.Tensor, table: Segments) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return each tensor's k-th highest key, how many equal to it are wanted, and how many there are; int64 [T]."""
    need, prefix = table.wanted, torch.zeros_like(table.wanted)
    count = prefix
    for shift, bits in DIGITS:
        bins = 1 << bits
        upper = keys >> shift
        alike = (upper >> bits) == prefix[table.owner][:, None]
        place = (upper & (bins - 1)) + (table.owner * bins)[:, None]
        histogram = torch.zeros(len(need) * bins, dtype=torch.int32, device=keys.device)
        histogram.scatter_add_(0, place.view(-1), alike.view(-1).to(torch.int32))
        from_top = histogram.view(-1, bins).flip(1).cumsum(1)
        at = (from_top < need[:, None]).sum(1, keepdim=True)
        reached = from_top.gather(1, at)
        count = histogram.view(-1, bins).gather(1, bins - 1 - at).long().squeeze(1)
        need = need - (reached.squeeze(1) - count)
        prefix = prefix * bins + (bins - 1 - at.squeeze(1))
    return prefix, need, count
