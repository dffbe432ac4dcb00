"""Tiles: pictures cut into squares that do not overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

UNKNOWN = 255
"""Label of pixels that nobody marked, and of padding: they never train and never count."""
MIN_SIDE = 8
"""Smallest side of a tile in pixels."""

Ints = NDArray[np.int32]


@dataclass(frozen=True, kw_only=True)
class Tiles:
    """Where tiles lie; each array has one entry a tile.

    Attributes:
        side: in pixels.
        picture: index of the picture, ``int32 [T]``.
        origin: index of the whole picture or block that shares one part, ``int32 [T]``.
        places: top and left in the picture, ``int32 [T, 2]``.
        counts: unchanged and changed pixels, ``int64 [T, 2]``; None before the labels are read.
    """

    side: int
    picture: Ints
    origin: Ints
    places: Ints
    counts: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        """Return the number of tiles."""
        return len(self.picture)


def cut(shapes: Sequence[tuple[int, int]], origins: Sequence[int], side: int) -> Tiles:
    """Cut pictures into tiles, row by row; the last of a row or column may reach over the border.

    Args:
        shapes: height and width of each picture in pixels.
        origins: index of the whole picture that each was cut from.
        side: of a tile in pixels.
    """
    grids = [_grid(height, width, side) for height, width in shapes]
    lengths = [len(grid) for grid in grids]
    return Tiles(
        side=side,
        picture=np.repeat(np.arange(len(shapes), dtype=np.int32), lengths),
        origin=np.repeat(np.asarray(origins, dtype=np.int32), lengths),
        places=np.concatenate(grids),
    )


def _grid(height: int, width: int, side: int) -> Ints:
    """Return top and left of each tile of a picture, ``[t, 2]``."""
    tops, lefts = np.meshgrid(np.arange(0, height, side), np.arange(0, width, side), indexing="ij")
    return np.stack([tops.ravel(), lefts.ravel()], axis=1).astype(np.int32)


def taken(picture: NDArray[Any], top: int, left: int, side: int, fill: int | None = None) -> NDArray[Any]:
    """Return one tile of a picture, filled up where it reaches over the border.

    Args:
        picture: ``[H, W, C]`` or ``[H, W]``.
        top: of the tile, in pixels.
        left: of the tile, in pixels.
        side: of the tile, in pixels.
        fill: value beyond the border; None mirrors the picture there.
    """
    inside = picture[top : top + side, left : left + side]
    if inside.shape[:2] == (side, side):
        return inside
    beyond = [(0, side - length) for length in inside.shape[:2]] + [(0, 0)] * (picture.ndim - 2)
    if fill is None:
        return np.pad(inside, beyond, mode="symmetric")
    return np.pad(inside, beyond, constant_values=fill)
