"""Tensor operations on the blocks of a layout. All tensors are flat float32 of length n = layout.numel.

Index tensors hold block indices, int64, shape [k]; values have shape [k, block].
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Protocol

import torch

from rsbench.compressors.blocks.layout import Layout


@dataclasses.dataclass(frozen=True)
class Part:
    """Neighbouring blocks whose elements fit the cache.

    Attributes:
        flat: their elements.
        first: number of the first block.
        blocks: operations on the elements ``x[flat]``.
    """

    flat: slice
    first: int
    blocks: Blocks


class Blocks(Protocol):
    """What scores, memories and messages need of a layout."""

    def parts(self, size: int) -> Iterator[Part]:
        """Cut into parts of about ``size`` elements, in order."""

    def sizes(self, x: torch.Tensor) -> torch.Tensor:
        """Return the elements present in each block, shape [J] or [1]."""

    def sums(self, x: torch.Tensor) -> torch.Tensor:
        """Return the sum of ``x`` [n] over each block, shape [J]."""

    def gather(self, x: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
        """Return the values [k, block] of the blocks in ``index``; zeros where an edge tile has no element."""

    def clear(self, index: torch.Tensor, *tensors: torch.Tensor) -> None:
        """Set the elements of the blocks in ``index`` to zero in each of the tensors, in place."""

    def add(self, x: torch.Tensor, index: torch.Tensor, values: torch.Tensor) -> None:
        """Add ``values`` [k, block] to the blocks in ``index``, in place."""


class RowBlocks:
    """Contiguous blocks: the view [J, block] (elements, kernel slices)."""

    def __init__(self, blocks: int, block: int) -> None:
        self._shape = (blocks, block)

    def parts(self, size: int) -> Iterator[Part]:
        """Cut into runs of rows."""
        blocks, block = self._shape
        rows = max(1, size // block)
        for first in range(0, blocks, rows):
            count = min(rows, blocks - first)
            yield Part(slice(first * block, (first + count) * block), first, RowBlocks(count, block))

    def sizes(self, x: torch.Tensor) -> torch.Tensor:
        """Return the one size of all blocks, shape [1]."""
        return x.new_full((1,), float(self._shape[1]))

    def sums(self, x: torch.Tensor) -> torch.Tensor:
        """Sum rows by a matrix-vector product (strided reductions over short rows are far slower)."""
        return x if self._shape[1] == 1 else torch.mv(x.view(self._shape), x.new_ones(self._shape[1]))

    def gather(self, x: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
        """Return rows ``index``."""
        return x.view(self._shape).index_select(0, index)

    def clear(self, index: torch.Tensor, *tensors: torch.Tensor) -> None:
        """Zero rows ``index``."""
        for x in tensors:
            x.view(self._shape).index_fill_(0, index, 0.0)

    def add(self, x: torch.Tensor, index: torch.Tensor, values: torch.Tensor) -> None:
        """Add to rows ``index``."""
        x.view(self._shape).index_add_(0, index, values)


class TileBlocks:
    """p x p tiles of the matrix [rows, cols], numbered row by row, ragged at the right and lower edge."""

    def __init__(self, rows: int, cols: int, p: int) -> None:
        self._rows, self._cols, self._p = rows, cols, p
        self._tile_rows, self._tile_cols = -(-rows // p), -(-cols // p)

    def parts(self, size: int) -> Iterator[Part]:
        """Cut into runs of whole rows of tiles."""
        rows = max(1, size // (self._p * self._cols)) * self._p
        for top in range(0, self._rows, rows):
            count = min(rows, self._rows - top)
            flat = slice(top * self._cols, (top + count) * self._cols)
            yield Part(flat, top // self._p * self._tile_cols, TileBlocks(count, self._cols, self._p))

    def sizes(self, x: torch.Tensor) -> torch.Tensor:
        """Return the elements present in each tile, shape [J]."""

        def along(length: int, count: int) -> torch.Tensor:
            side = x.new_full((count,), float(self._p))
            side[-1] = length - (count - 1) * self._p
            return side

        return torch.outer(along(self._rows, self._tile_rows), along(self._cols, self._tile_cols)).flatten()

    def sums(self, x: torch.Tensor) -> torch.Tensor:
        """Add p slices of rows, then multiply columns with ones."""
        matrix = x.view(self._rows, self._cols)
        strips = x.new_zeros(self._tile_rows, self._tile_cols * self._p)
        for i in range(self._p):
            part = matrix[i :: self._p]
            strips[: part.shape[0], : self._cols] += part
        return torch.mv(strips.view(-1, self._p), x.new_ones(self._p))

    def _positions(self, index: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return flat positions [k, p*p], clamped into the matrix, and 1.0 where an element is really there."""
        offset = torch.arange(self._p, device=index.device)
        row = (index // self._tile_cols * self._p)[:, None, None] + offset[None, :, None]
        col = (index % self._tile_cols * self._p)[:, None, None] + offset[None, None, :]
        there = (row < self._rows) & (col < self._cols)
        flat = torch.where(there, row * self._cols + col, 0)
        size = self._p * self._p  # said, since of no tiles it cannot be told
        return flat.view(len(index), size), there.view(len(index), size).to(torch.float32)

    def gather(self, x: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
        """Return tiles ``index``, edge tiles padded with zeros."""
        flat, there = self._positions(index)
        return x[flat] * there

    def clear(self, index: torch.Tensor, *tensors: torch.Tensor) -> None:
        """Subtract each element from itself: exact, and padding subtracts 0 from element 0."""
        flat, there = self._positions(index)
        for x in tensors:
            x.index_add_(0, flat.flatten(), (x[flat] * there).neg_().flatten())

    def add(self, x: torch.Tensor, index: torch.Tensor, values: torch.Tensor) -> None:
        """Add to tiles ``index``; padding adds 0 to element 0."""
        flat, there = self._positions(index)
        x.index_add_(0, flat.flatten(), (values * there).flatten())


def blocks_of(layout: Layout) -> Blocks:
    """Return the operations that fit a layout."""
    if layout.tile:
        return TileBlocks(layout.rows, layout.cols, layout.tile)
    return RowBlocks(layout.blocks, layout.block)
