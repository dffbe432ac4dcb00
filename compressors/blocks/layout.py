"""How a gradient tensor is cut into the units that are sent or kept: elements, kernel slices or tiles.

Torch-free, so that a run can be planned from shapes alone.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from rsbench.compressors.blocks import index_codings

VALUE_BYTES = 4
"""Bytes of an element of the dense gradient, float32."""
BYTES_OF = {"fp32": VALUE_BYTES, "fp16": 2, "bf16": 2, "int8": 1}
"""Name of the option ``values`` -> bytes of a value; below float32 they are scaled."""
_SCALE_BYTES = 4
_INDEX_BYTES = 4
_SMALL = 8


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
        value_bytes: bytes of a value in a message: one of :data:`BYTES_OF`.
        scaled: values are divided by one float32 scale a tensor, which is sent too.
        coded_bytes: bytes of all values in a code (:mod:`rsbench.compressors.message.quantizers`), 0 without one.
    """

    shape: tuple[int, ...]
    compressed: bool
    blocks: int
    block: int
    rows: int
    cols: int
    tile: int = 0
    value_bytes: int = VALUE_BYTES
    scaled: bool = False
    coded_bytes: int = 0

    @property
    def numel(self) -> int:
        """Elements of the tensor."""
        return math.prod(self.shape)

    @property
    def dense_bytes(self) -> int:
        """Bytes of the tensor in float32."""
        return VALUE_BYTES * self.numel

    @property
    def scale_bytes(self) -> int:
        """Bytes of the scale."""
        return _SCALE_BYTES if self.scaled else 0

    @property
    def whole_bytes(self) -> int:
        """Bytes in a message for all values without indices, padded to 4."""
        return self.scale_bytes + index_codings.padded(self.coded_bytes or self.value_bytes * self.numel)

    @property
    def block_bytes(self) -> int:
        """Bytes that one more block adds to a message at most: values, and an index of 4 bytes."""
        return index_codings.padded(self.value_bytes * self.block) + _INDEX_BYTES

    def _chosen_bytes(self, count: int) -> int:
        values = index_codings.padded(self.value_bytes * count * self.block)
        return self.scale_bytes + values + index_codings.index_bytes(count, self.blocks)

    def whole(self, count: int) -> bool:
        """Return whether ``count`` blocks cost as much as the whole tensor, so that the whole is sent instead."""
        return not self.compressed or count >= self.blocks or self._chosen_bytes(count) >= self.whole_bytes

    def sparse_bytes(self, count: int) -> int:
        """Return a message's bytes for ``count`` blocks; at most the whole tensor's, and rising with the count."""
        return self.whole_bytes if self.whole(count) else self._chosen_bytes(count)

    def index_bytes(self, count: int) -> int:
        """Return the bytes in a message for the indices of ``count`` selected blocks."""
        return 0 if self.whole(count) else index_codings.index_bytes(count, self.blocks)

    def most_blocks(self, limit_bytes: float) -> int:
        """Return the largest count whose bytes do not exceed ``limit_bytes``, 0 where not even one block fits."""
        if self.whole_bytes <= limit_bytes:
            return self.blocks
        low, high = 0, self.blocks
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.sparse_bytes(middle) <= limit_bytes else (low, middle - 1)
        return low

    def sent_elements(self, count: int) -> int:
        """Return the elements that ``count`` blocks carry (an upper bound where edge tiles are padded)."""
        return self.numel if self.whole(count) else min(count * self.block, self.numel)

    def with_values(self, value_bytes: int, *, scaled: bool) -> Layout:
        """Return the same cut with values in so many bytes, beside a scale or not; tiny tensors stay as they are."""
        if value_bytes == self.value_bytes or (scaled and self.numel < _SMALL):
            return self
        return dataclasses.replace(self, value_bytes=value_bytes, scaled=scaled)


def _matrix(shape: Sequence[int]) -> tuple[int, int]:
    rows = shape[0] if shape else 1
    return rows, math.prod(shape[1:])


def dense(shape: Sequence[int]) -> Layout:
    """Return the layout of a tensor that is always sent whole (below two dimensions, unless ``one_d=select``)."""
    rows, cols = _matrix(shape)
    return Layout(shape=tuple(shape), compressed=False, blocks=1, block=math.prod(shape), rows=rows, cols=cols)


def coded(shape: Sequence[int], size_bytes: int) -> Layout:
    """Return the layout for all values in a code of so many bytes; whole where that is not less."""
    plain = dense(shape)
    if index_codings.padded(size_bytes) >= plain.dense_bytes:
        return plain
    return dataclasses.replace(plain, compressed=True, coded_bytes=size_bytes)


def elements(shape: Sequence[int]) -> Layout:
    """Make every element a unit of its own (Top-k, DGC)."""
    rows, cols = _matrix(shape)
    return Layout(shape=tuple(shape), compressed=True, blocks=math.prod(shape), block=1, rows=rows, cols=cols)


def filters(shape: Sequence[int]) -> Layout:
    """Make a convolution's filters, the slices of its first dimension, the units (GCC)."""
    rows, cols = _matrix(shape)
    return Layout(shape=tuple(shape), compressed=True, blocks=rows, block=cols, rows=rows, cols=cols)


def tiles(shape: Sequence[int], p: int) -> Layout:
    """Cut the matrix [shape[0], rest] into p x p tiles, ragged at the edges."""
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


def kernel_slices(shape: Sequence[int], p: int) -> Layout:
    """Cut a convolution with k > 1 into its k x k kernel slices, others into tiles (RS-DGC, our reading).

    Args:
        shape: [O, I, k, k] gives O*I blocks of k*k elements; all other shapes fall back to :func:`tiles`.
        p: side of a tile.
    """
    if len(shape) != 4 or shape[2] * shape[3] == 1:
        return tiles(shape, p)
    rows, cols = _matrix(shape)
    block = shape[2] * shape[3]
    return Layout(shape=tuple(shape), compressed=True, blocks=shape[0] * shape[1], block=block, rows=rows, cols=cols)


NEIGHBORHOODS = ("kernel", "tile")
"""Words of the option ``neighborhood``."""


def neighborhoods(shape: Sequence[int], kind: str, p: int) -> Layout:
    """Cut into :func:`tiles` for ``tile``, into :func:`kernel_slices` for ``kernel``."""
    return tiles(shape, p) if kind == "tile" else kernel_slices(shape, p)
