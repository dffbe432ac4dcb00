"""What the two kinds of MATLAB files have in common: what they hold, what of it is read, and blocks of rows."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsbench.errors import RsbenchError
from rsbench.units import bytes_text, one_line

Shape = tuple[int, ...]
Axes = tuple[int, ...]

MAX_BYTES = 64 * 2**30
"""The largest file and the largest array that are read."""
BLOCK_BYTES = 64 * 2**20

NOT_READ = {
    "sparse": "a sparse matrix: save full({name}) instead",
    "struct": "a struct: save the array in it by itself",
    "cell": "a cell array: save the array in it by itself",
    "char": "text",
    "complex": "complex numbers: save real({name}) or abs({name}) instead",
    "object": "an object such as a table: save its numbers as an array",
    "vector": "an array of one dimension",
    "wide": "numbers of more than 64 bits: save them as double",
    "empty": "an empty array",
}
"""Kinds of variables that are passed over, in words for the user."""


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What a file holds.

    Attributes:
        shapes: of plain numeric arrays of two dimensions and more, by name.
        others: kind (a key of :data:`NOT_READ`) of every other variable, by name.
    """

    shapes: Mapping[str, Shape]
    others: Mapping[str, str]

    def words(self) -> dict[str, str]:
        """Return what each variable is: ``gt`` -> ``145 x 145``, or ``a sparse matrix: ...``; names as printed."""
        read = {shown(name): shape_text(shape) for name, shape in self.shapes.items()}
        passed = {shown(name): NOT_READ[kind].format(name=shown(name)) for name, kind in self.others.items()}
        return dict(sorted((read | passed).items()))


class MatFile(ABC):
    """A file of one version, and the way to its arrays."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @abstractmethod
    def contents(self) -> Contents:
        """Return what the file holds, from headers alone.

        Raises:
            RsbenchError: an array stands in another file, or is too large.
        """

    @abstractmethod
    def shape(self, name: str) -> Shape | None:
        """Return the shape of an array by name or path, None if there is none."""

    @abstractmethod
    def rows(self, name: str, shape: Shape, axes: Axes) -> Iterator[NDArray[Any]]:
        """Yield blocks of rows of an array with permuted axes, in order, in the machine's byte order.

        Raises:
            ValueError: it has another shape.
        """

    def refuse_size(self, name: str, shape: Shape, itemsize: int, stored_bytes: int | None = None) -> None:
        """Refuse an array that is too large, has a negative side, or of which hardly anything is stored.

        Args:
            name: of the array.
            shape: as declared.
            itemsize: bytes of a number.
            stored_bytes: what the file has of it, None where that is not known.

        Raises:
            RsbenchError: says so.
        """
        what, size_bytes = f'{self.path} declares "{shown(name)}" as {shape_text(shape)}', math.prod(shape) * itemsize
        if min(shape, default=0) < 0:
            raise RsbenchError(f"{what}, with a negative side: the file is damaged; copy it again.")
        if size_bytes > MAX_BYTES:
            raise RsbenchError(
                f"{what} of {bytes_text(size_bytes)}, and {bytes_text(MAX_BYTES)} is the most that is read: cut the "
                "scene or put the right file there."
            )
        if stored_bytes is not None and size_bytes > max(BLOCK_BYTES, _MOST_DEFLATED * stored_bytes):
            raise RsbenchError(
                f"{what} of {bytes_text(size_bytes)}, but only {bytes_text(stored_bytes)} of it are stored: the file "
                "is incomplete; copy it again."
            )


_LONGEST_NAME = 63
_MOST_DEFLATED = 1100
"""Deflate makes nothing more than 1032 times smaller."""


def shown(name: str) -> str:
    """Return a variable's name as it may be printed: on one line, and no longer than MATLAB's own."""
    line = one_line(name)
    return line if len(line) <= _LONGEST_NAME else f"{line[:_LONGEST_NAME]}..."


def shape_text(shape: Shape) -> str:
    """Return ``349 x 1905 x 144``."""
    return " x ".join(map(str, shape))


def row_blocks(shape: Shape, itemsize: int) -> Iterator[tuple[int, int]]:
    """Yield start and stop of blocks of rows, 64 MiB each and at least one row."""
    row_bytes = max(1, math.prod(shape[1:]) * itemsize)
    step = max(1, BLOCK_BYTES // row_bytes)
    return ((start, min(start + step, shape[0])) for start in range(0, shape[0], step))


def native(block: NDArray[Any]) -> NDArray[Any]:
    """Return a contiguous copy in the machine's byte order; truth values become 0 and 1."""
    kind = np.dtype(np.uint8) if block.dtype.kind == "b" else block.dtype.newbyteorder("=")
    return np.ascontiguousarray(block, dtype=kind)
