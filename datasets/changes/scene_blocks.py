"""Tiles of one scene in blocks: the blocks, not the tiles, are dealt to parts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rsbench.datasets.changes.tile_split import Origins
from rsbench.datasets.changes.tiles import Tiles, cut

BLOCK = 2
"""Tiles along a side of a block."""


def cut_scene(labels_HW: NDArray[np.uint8], side: int) -> tuple[Tiles, Origins]:
    """Cut a scene into tiles that hold marked pixels, and the blocks that they lie in.

    Args:
        labels_HW: 0 no change, 1 change, 255 not marked.
        side: of a tile in pixels.

    Returns:
        The tiles with their counts, and one origin a block; blocks with and without change are dealt apart, so that
        every part gets some of both.
    """
    height, width = labels_HW.shape
    every = cut([(height, width)], [0], side)
    squares = [labels_HW[top : top + side, left : left + side] for top, left in every.places.tolist()]
    counts = np.array([[np.count_nonzero(square == label) for label in (0, 1)] for square in squares], dtype=np.int64)
    kept = np.flatnonzero(counts.sum(axis=1))
    rows, columns = (every.places[kept] // (BLOCK * side)).T
    across = -(-width // (BLOCK * side))
    blocks, origin = np.unique(rows * across + columns, return_inverse=True)
    changed = np.bincount(origin, counts[kept, 1], minlength=len(blocks)) > 0
    tiles = replace(
        every,
        picture=every.picture[kept],
        origin=origin.astype(np.int32),
        places=every.places[kept],
        counts=counts[kept],
    )
    return tiles, Origins(parts=("",) * len(blocks), strata=tuple(changed.astype(int).tolist()), noun="block")
