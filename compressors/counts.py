"""Integer counts of blocks per tensor: how a density or a byte budget is shared out.

Torch-free; the same functions plan a run and steer it. Counts are equal on all ranks because they depend on
nothing but shapes, the density and (for dynamic policies) numbers that rank 0 broadcasts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from rsbench.compressors.layout import HEADER_BYTES, Layout

_ROUNDING = 1e-9  # so that 0.1 * 30 = 3.0000000000000004 counts as 3


def share_of(density: float, blocks: int) -> int:
    """Return ``ceil(density * blocks)``, at least 1 and at most ``blocks``."""
    return max(1, min(blocks, math.ceil(density * blocks - _ROUNDING)))


def uniform_counts(layouts: Sequence[Layout], density: float) -> list[int]:
    """Blocks per tensor when every tensor has the same density (Top-k, DGC)."""
    return [share_of(density, layout.blocks) for layout in layouts]


def message_bytes(layouts: Sequence[Layout], counts: Sequence[int]) -> int:
    """Payload bytes of one step's messages: headers, indices, values, padding and whole tensors."""
    return sum(HEADER_BYTES + layout.sparse_bytes(count) for layout, count in zip(layouts, counts, strict=True))


def _targets(layouts: Sequence[Layout], weights: Sequence[float], floors: list[float], budget: float) -> list[float]:
    """Bytes per tensor: its floor plus a share by weight, capped at dense, surplus handed on (water filling)."""
    targets = list(floors)
    open_to_more = [i for i, layout in enumerate(layouts) if targets[i] < layout.dense_bytes]
    rest = budget - sum(targets)
    while open_to_more and rest > 0:
        total = sum(weights[i] for i in open_to_more)
        share = {i: (weights[i] / total if total > 0 else 1 / len(open_to_more)) for i in open_to_more}
        full = [i for i in open_to_more if targets[i] + rest * share[i] >= layouts[i].dense_bytes]
        if not full:
            return [t + rest * share.get(i, 0.0) for i, t in enumerate(targets)]
        for i in full:
            rest -= layouts[i].dense_bytes - targets[i]
            targets[i] = float(layouts[i].dense_bytes)
        open_to_more = [i for i in open_to_more if i not in full]
    return targets


def share_out(
    layouts: Sequence[Layout], weights: Sequence[float], *, budget_bytes: int, floor_counts: Sequence[int]
) -> list[int]:
    """Share a byte budget out over tensors by weight and round with the largest remainder.

    Args:
        layouts: the compressed tensors.
        weights: importance of each tensor in the budget, any scale, not negative.
        budget_bytes: bytes of indices, values and whole tensors to fill (headers not included).
        floor_counts: blocks that each tensor gets first.

    Returns:
        Blocks per tensor. Their bytes miss the budget by less than one block, unless the floors alone exceed it.
    """
    floors = [float(layout.sparse_bytes(c)) for layout, c in zip(layouts, floor_counts, strict=True)]
    targets = _targets(layouts, weights, floors, budget_bytes)
    counts, remainders = [], []
    for layout, target, floor in zip(layouts, targets, floor_counts, strict=True):
        if target >= layout.dense_bytes:
            counts.append(layout.blocks)
            remainders.append(0.0)
        else:
            exact = target / layout.block_bytes
            counts.append(max(floor, math.floor(exact + _ROUNDING)))
            remainders.append(exact - math.floor(exact))
    left = budget_bytes - sum(layout.sparse_bytes(c) for layout, c in zip(layouts, counts, strict=True))
    for i in sorted(range(len(layouts)), key=lambda i: -remainders[i]):
        layout = layouts[i]
        if layout.block_bytes <= left and not layout.whole(counts[i] + 1):
            counts[i] += 1
            left -= layout.block_bytes
    return counts
