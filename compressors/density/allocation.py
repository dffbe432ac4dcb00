"""Integer counts of blocks per tensor: how a density or a byte budget is shared out.

Torch-free; the same functions plan a run and steer it. Counts are equal on all ranks because they depend on
nothing but shapes, the density and (for dynamic policies) numbers that rank 0 broadcasts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from rsbench.compressors.blocks.layout import Layout

HEADER_BYTES = 16
"""Header of a message, one a bucket: fingerprint, status, checksum, step."""
STATUS_BYTES = 8
"""Of a residual beside an all-reduce, one a bucket: whether the rank's gradients are finite."""
_MIB = 2**20
_ROUNDING = 1e-9  # so that 0.1 * 30 = 3.0000000000000004 counts as 3


def share_of(density: float, blocks: int) -> int:
    """Return ``ceil(density * blocks)``, at least 1 and at most ``blocks``."""
    return max(1, min(blocks, math.ceil(density * blocks - _ROUNDING)))


def uniform_counts(layouts: Sequence[Layout], density: float) -> list[int]:
    """Return the blocks per tensor when every tensor has the same density (Top-k, DGC)."""
    return [share_of(density, layout.blocks) for layout in layouts]


def buckets(layouts: Sequence[Layout], bucket_cap_mb: float, step: int) -> list[list[int]]:
    """Return which tensors stand in the buckets of DistributedDataParallel, by number, if none is unused.

    One bucket in its first step; then it closes a bucket where the cap is reached, going through the tensors backwards,
    as their gradients come. (Of a network whose gradients come in another order it may be one more or fewer.)

    Args:
        layouts: of all tensors, in the order of their registration.
        bucket_cap_mb: bucket size in MiB.
        step: 0-based.
    """
    if step == 0:
        return [list(range(len(layouts)))]
    found: list[list[int]] = [[]]
    filled = 0
    for number in reversed(range(len(layouts))):
        found[-1].insert(0, number)
        filled += layouts[number].dense_bytes
        if filled >= int(bucket_cap_mb * _MIB):
            found.append([])
            filled = 0
    return found if found[-1] else found[:-1]


def bucket_count(layouts: Sequence[Layout], bucket_cap_mb: float, step: int) -> int:
    """Return how many :func:`buckets` a step has."""
    return len(buckets(layouts, bucket_cap_mb, step))


def body_bytes(layouts: Sequence[Layout], counts: Sequence[int]) -> int:
    """Return a step's payload bytes without headers: indices, values, padding and whole tensors."""
    return sum(layout.sparse_bytes(count) for layout, count in zip(layouts, counts, strict=True))


def message_bytes(layouts: Sequence[Layout], counts: Sequence[int], bucket_cap_mb: float = 25.0, step: int = 1) -> int:
    """Return a step's payload bytes: headers, indices, values, padding and whole tensors.

    Args:
        layouts: of all tensors, in the order of their registration.
        counts: blocks chosen of each.
        bucket_cap_mb: bucket size of DistributedDataParallel in MiB; one header a bucket.
        step: 0-based step; the first has one bucket.
    """
    return HEADER_BYTES * bucket_count(layouts, bucket_cap_mb, step) + body_bytes(layouts, counts)


def largest_block_bytes(layouts: Sequence[Layout]) -> int:
    """Return what one more block costs at most: its values, the scale of the first, and an index, padded."""
    return max((layout.block_bytes for layout in layouts if layout.compressed), default=0)


def _targets(most: Sequence[float], weights: Sequence[float], floors: list[float], budget: float) -> list[float]:
    """Return bytes per tensor: a floor and a share by weight up to the most, surplus handed on (water filling)."""
    targets = list(floors)
    open_to_more = [i for i, cap in enumerate(most) if targets[i] < cap]
    rest = budget - sum(targets)
    while open_to_more and rest > 0:
        total = sum(weights[i] for i in open_to_more)
        share = {i: (weights[i] / total if total > 0 else 1 / len(open_to_more)) for i in open_to_more}
        full = [i for i in open_to_more if targets[i] + rest * share[i] >= most[i]]
        if not full:
            return [t + rest * share.get(i, 0.0) for i, t in enumerate(targets)]
        for i in full:
            rest -= most[i] - targets[i]
            targets[i] = float(most[i])
        open_to_more = [i for i in open_to_more if i not in full]
    return targets


def share_out(
    layouts: Sequence[Layout],
    weights: Sequence[float],
    *,
    budget_bytes: int,
    floor_counts: Sequence[int],
    most_counts: Sequence[int] | None = None,
) -> list[int]:
    """Share a byte budget out over tensors by weight and round with the largest remainder.

    Args:
        layouts: the compressed tensors.
        weights: importance of each tensor in the budget, any scale, not negative.
        budget_bytes: bytes of indices, values and whole tensors to fill (headers not included).
        floor_counts: blocks that each tensor gets first.
        most_counts: blocks that no tensor gets more of; None allows all.

    Returns:
        Blocks per tensor. Their bytes miss the budget by less than one block, unless the floors alone exceed it.
    """
    most = [layout.blocks for layout in layouts] if most_counts is None else list(most_counts)
    floors = [float(layout.sparse_bytes(c)) for layout, c in zip(layouts, floor_counts, strict=True)]
    caps = [float(layout.sparse_bytes(c)) for layout, c in zip(layouts, most, strict=True)]
    targets = _targets(caps, weights, floors, budget_bytes)
    counts, remainders = [], []
    for layout, target, floor, cap in zip(layouts, targets, floor_counts, most, strict=True):
        counts.append(max(floor, min(cap, layout.most_blocks(target + _ROUNDING))))
        remainders.append(target - layout.sparse_bytes(counts[-1]))
    left = budget_bytes - body_bytes(layouts, counts)
    for i in sorted(range(len(layouts)), key=lambda i: -remainders[i]):
        extra = layouts[i].sparse_bytes(counts[i] + 1) - layouts[i].sparse_bytes(counts[i])
        if counts[i] < most[i] and extra <= left and not layouts[i].whole(counts[i] + 1):
            counts[i] += 1
            left -= extra
    return counts if left < largest_block_bytes(layouts) else fill(layouts, counts, most, budget_bytes)


def fill(layouts: Sequence[Layout], counts: Sequence[int], most: Sequence[int], budget_bytes: int) -> list[int]:
    """Add blocks, one a tensor in turn, the lowest density first, until no further one fits the budget.

    Args:
        layouts: of the tensors.
        counts: blocks that each has already.
        most: blocks that no tensor gets more of.
        budget_bytes: as in :func:`share_out`.
    """
    filled, left = list(counts), budget_bytes - body_bytes(layouts, counts)
    order = sorted(range(len(layouts)), key=lambda i: counts[i] / layouts[i].blocks)
    grown = True
    while grown:
        grown = False
        for i in order:
            extra = next_block_bytes(layouts[i], filled[i], most[i])
            if extra is not None and extra <= left:
                filled[i] += 1
                left -= extra
                grown = True
    return filled


def next_block_bytes(layout: Layout, count: int, most: int) -> int | None:
    """Return what one more block of a tensor costs; None where there is none to add, or the tensor is sent whole."""
    if count >= most or layout.whole(count):
        return None
    return layout.sparse_bytes(count + 1) - layout.sparse_bytes(count)


def share_bytes(message: int, ranks: int) -> int:
    """Return one of so many equal shares of a message, in whole words of 4 bytes."""
    return -(-message // (4 * ranks)) * 4
