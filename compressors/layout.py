"""How a gradient tensor is cut into the units that are sent or kept: elements, kernel slices or tiles.

Torch-free, so that a run can be planned from shapes alone.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

HEADER_BYTES = 8
"""In-band header of every tensor in a message: int32 count and int32 status."""
INDEX_BYTES = 4
VALUE_BYTES = 4


@dataclasses.dataclass(frozen=True, kw_only=True)
class Layout:
    """A tensor of ``numel`` elements as ``blocks`` blocks of ``block`` elements (edge tiles padded with zeros).

    Attributes:
        shape: the tensor's shape.
        compressed: False for a tensor that is always sent whole.
        blocks: number of blocks J.
        block: elements in a block, padding included.
        rows: rows of the matrix view [shape[0], rest].
        cols: its columns.
        tile: p for p x p tiles of the matrix view, 0 where blocks are contiguous.
    """

    shape: tuple[int, ...]
    compressed: bool
    blocks: int
    block: int
    rows: int
    cols: int
    tile: int = 0

    @property
    def numel(self) -> int:
        """Elements of the tensor."""
        return math.prod(self.shape)

    @property
    def dense_bytes(self) -> int:
        """Bytes of the tensor sent whole in float32."""
        return VALUE_BYTES * self.numel

    @property
    def block_bytes(self) -> int:
        """Bytes of one selected block: one index and its values."""
        return INDEX_BYTES + VALUE_BYTES * self.block

    def whole(self, count: int) -> bool:
        """Whether ``count`` blocks cost as much as the whole tensor, so that the whole is sent instead."""
        return not self.compressed or count * self.block_bytes >= self.dense_bytes or count >= self.blocks

    def sparse_bytes(self, count: int) -> int:
        """Bytes in a message for ``count`` selected blocks, without the header; never more than dense."""
        return self.dense_bytes if self.whole(count) else count * self.block_bytes

    def sent_elements(self, count: int) -> int:
        """Elements that ``count`` selected blocks carry (an upper bound where edge tiles are padded)."""
        return self.numel if self.whole(count) else min(count * self.block, self.numel)


def _matrix(shape: Sequence[int]) -> tuple[int, int]:
    rows = shape[0] if shape else 1
    return rows, math.prod(shape[1:])


def dense(shape: Sequence[int]) -> Layout:
    """A tensor that is always sent whole (fewer than two dimensions, unless ``one_d=select``)."""
    rows, cols = _matrix(shape)
    return Layout(shape=tuple(shape), compressed=False, blocks=1, block=math.prod(shape), rows=rows, cols=cols)


def elements(shape: Sequence[int]) -> Layout:
    """Every element is a unit of its own (Top-k, DGC)."""
    rows, cols = _matrix(shape)
    return Layout(shape=tuple(shape), compressed=True, blocks=math.prod(shape), block=1, rows=rows, cols=cols)


def tiles(shape: Sequence[int], p: int) -> Layout:
    """P x p tiles of the matrix [shape[0], rest], ragged at the edges."""
    rows, cols = _matrix(shape)
    return Layout(
        shape=tuple(shape),
        compressed=True,
        blocks=math.ceil(rows / p) * math.ceil(cols / p),
        block=p * p,
        rows=rows,
        cols=cols,
        tile=p,
    )


def kernels(shape: Sequence[int], p: int) -> Layout:
    """Neighbourhoods of RS-DGC (our reading): one k x k kernel slice for convolutions with k > 1, else tiles.

    Args:
        shape: [O, I, k, k] gives O*I blocks of k*k elements; all other shapes fall back to :func:`tiles`.
        p: side of a tile.
    """
    if len(shape) != 4 or shape[2] * shape[3] == 1:
        return tiles(shape, p)
    rows, cols = _matrix(shape)
    block = shape[2] * shape[3]
    return Layout(shape=tuple(shape), compressed=True, blocks=shape[0] * shape[1], block=block, rows=rows, cols=cols)
