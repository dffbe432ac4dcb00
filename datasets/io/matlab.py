"""Arrays in MATLAB files of version 5 (and 4) and of version 7.3, which is HDF5 with the axes reversed.

An array is named by its variable, or through structs and cells by a path: ``hsi.Lidar.z`` is the field ``z`` of the
first element of the cell ``Lidar`` of the struct ``hsi``. Shapes and axes are MATLAB's, whatever the version.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsbench.errors import RsbenchError

Shape = tuple[int, ...]
Axes = tuple[int, ...]

_BLOCK_BYTES = 64 * 2**20
_SIGNATURE = b"\x89HDF\r\n\x1a\n"


@dataclass(frozen=True, kw_only=True)
class MatArray:
    """An array in a file, not yet read."""

    file: Path
    name: str
    """Of the variable, or a path through structs."""
    shape: Shape

    def __str__(self) -> str:
        return f'"{self.name}" ({shape_text(self.shape)}) in {self.file}'

    def read(self) -> NDArray[Any]:
        """Return all of it, with MATLAB's axes.

        Raises:
            RsbenchError: the file changed or is broken.
        """
        return np.concatenate(list(self.rows(tuple(range(len(self.shape))))))

    def rows(self, axes: Axes) -> Iterator[NDArray[Any]]:
        """Yield blocks of rows of the array with permuted axes, in order, in the machine's byte order.

        Holds at most one copy of an array in a version 5 file, and one block of one in a version 7.3 file.

        Args:
            axes: of the array, in the order in which they are wanted; the first is cut into blocks.

        Raises:
            RsbenchError: the file changed or is broken.
        """
        with _readable_errors(self.file):
            yield from _open(self.file).rows(self.name, axes)


def find(path: Path, name: str, fits: Callable[[Shape], bool], what: str) -> MatArray:
    """Return the array of that name, or the only one of a fitting shape where the name is another.

    Args:
        path: of the file.
        name: usual name; where several others fit, one that shares its last word (``index_train``) is taken.
        fits: says whether a shape is the one wanted.
        what: words for the array wanted, for errors.

    Raises:
        RsbenchError: no array fits, or several do; it names what the file holds.
    """
    with _readable_errors(path):
        opened = _open(path)
        shapes = opened.shapes()
        if "." in name or name in shapes:
            shape = opened.shape(name)
            if shape is not None and fits(shape):
                return MatArray(file=path, name=name, shape=shape)
    fitting = [other for other, shape in shapes.items() if fits(shape)]
    if len(fitting) > 1:
        word = name.rpartition("_")[2].lower()
        fitting = [other for other in fitting if word in other.lower()]
    if len(fitting) == 1:
        return MatArray(file=path, name=fitting[0], shape=shapes[fitting[0]])
    held = ", ".join(f"{other} ({shape_text(shape)})" for other, shape in shapes.items()) or "no array"
    raise RsbenchError(
        f'{path} should hold {what} as "{name}" or as its only array of such a shape, but it holds {held}: '
        "rename the array, or put the right file there."
    )


def arrays(path: Path) -> dict[str, Shape]:
    """Return the shapes of a file's plain arrays by name; structs and cells are left out.

    Raises:
        RsbenchError: it is no MATLAB file.
    """
    with _readable_errors(path):
        return _open(path).shapes()


def axes_to_HW(shape: Shape, height: int, width: int) -> Axes | None:
    """Return the order of axes that brings an array to ``[H, W]`` or ``[H, W, C]``, None if there is none.

    Where several do (a square scene), the one nearest to MATLAB's own order is taken.
    """
    for axes in sorted(itertools.permutations(range(len(shape))), key=lambda axes: (axes[-1] != len(shape) - 1, axes)):
        if (shape[axes[0]], shape[axes[1]]) == (height, width):
            return axes
    return None


def shape_text(shape: Shape) -> str:
    """Return ``349 x 1905 x 144``."""
    return " x ".join(map(str, shape))


class _File(ABC):
    """A file of one version, and the way to its arrays."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @abstractmethod
    def shapes(self) -> dict[str, Shape]:
        """Return the shapes of plain numeric arrays of two dimensions and more, by name."""

    @abstractmethod
    def shape(self, name: str) -> Shape | None:
        """Return the shape of an array by name or path, None if there is none."""

    @abstractmethod
    def rows(self, name: str, axes: Axes) -> Iterator[NDArray[Any]]:
        """Yield blocks of rows as :meth:`MatArray.rows` does."""


class _Version5(_File):
    """A file that SciPy reads; its elements are compressed one by one, so that headers are read fast."""

    def shapes(self) -> dict[str, Shape]:
        from scipy.io import whosmat  # late: start-up

        kinds = ("cell", "struct", "object", "char", "sparse", "function", "opaque", "unknown")
        return {name: tuple(shape) for name, shape, kind in sorted(whosmat(self.path)) if kind not in kinds}

    def shape(self, name: str) -> Shape | None:
        if "." not in name:
            return self.shapes().get(name)
        array = self._array(name)
        return None if array is None else array.shape

    def _array(self, name: str) -> NDArray[Any] | None:
        from scipy.io import loadmat  # late: start-up

        variable, *fields = name.split(".")
        value = loadmat(self.path, variable_names=[variable]).get(variable)
        for field in fields:
            value = _first(value)
            if value is None or field not in (value.dtype.names or ()):
                return None
            value = value[field].flat[0]
        value = _first(value)
        return value if value is not None and value.dtype.kind in "iufb" else None

    def rows(self, name: str, axes: Axes) -> Iterator[NDArray[Any]]:
        array = self._array(name)
        if array is None:
            raise KeyError(name)
        turned = array.transpose(axes)
        for start, stop in _row_blocks(turned.shape, array.itemsize):
            yield _native(turned[start:stop])


def _first(value: Any) -> NDArray[Any] | None:
    """Return the first element of a cell, or what is no cell; None where there is no array."""
    while isinstance(value, np.ndarray) and value.dtype == object and value.size:
        value = value.flat[0]
    return value if isinstance(value, np.ndarray) and value.size else None


class _Version73(_File):
    """A file that h5py reads."""

    def shapes(self) -> dict[str, Shape]:
        with self._opened() as file:
            shapes = {name: self._shape(node) for name, node in file.items() if not name.startswith("#")}
        return {name: shape for name, shape in shapes.items() if shape is not None}

    def shape(self, name: str) -> Shape | None:
        with self._opened() as file:
            return self._shape(self._node(file, name))

    def rows(self, name: str, axes: Axes) -> Iterator[NDArray[Any]]:
        with self._opened() as file:
            node = self._node(file, name)
            last = node.ndim - 1
            shape = tuple(node.shape[last - axis] for axis in axes)
            for start, stop in _row_blocks(shape, node.dtype.itemsize):
                chosen = tuple(slice(start, stop) if last - i == axes[0] else slice(None) for i in range(node.ndim))
                yield _native(node[chosen].transpose().transpose(axes))

    def _opened(self) -> Any:
        import h5py  # late: start-up

        return h5py.File(self.path, "r")

    @staticmethod
    def _shape(node: Any) -> Shape | None:
        plain = node is not None and hasattr(node, "dtype") and node.dtype.kind in "iufb" and node.ndim > 1
        return tuple(node.shape[::-1]) if plain and node.attrs.get("MATLAB_class") != b"char" else None

    @staticmethod
    def _node(file: Any, name: str) -> Any:
        node = file
        for field in name.split("."):
            node = node.get(field) if hasattr(node, "get") else None
            while node is not None and getattr(getattr(node, "dtype", None), "kind", "") == "O":  # a cell's reference
                node = file[node[()].flat[0]]
        return node


@cache
def _version(path: Path, stamp: int) -> type[_File]:
    """Return the reader of a file: version 7.3 has HDF5's signature, behind MATLAB's own 512 bytes."""
    with path.open("rb") as file:
        head = file.read(2056)
    return _Version73 if any(head.startswith(_SIGNATURE, at) for at in (0, 512, 1024, 2048)) else _Version5


def _open(path: Path) -> _File:
    """Return a file, read as its version wants."""
    return _version(path, path.stat().st_mtime_ns)(path)


@contextmanager
def _readable_errors(path: Path) -> Iterator[None]:
    """Turn what SciPy and h5py raise on broken files into one sentence.

    Raises:
        RsbenchError: with that sentence.
    """
    try:
        yield
    except RsbenchError:
        raise
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RsbenchError(
            f"{path} cannot be read as a MATLAB file ({reason}): it may be incomplete; copy it again."
        ) from error


def _row_blocks(shape: Shape, itemsize: int) -> Iterator[tuple[int, int]]:
    """Yield start and stop of blocks of rows, 64 MiB each and at least one row."""
    row_bytes = max(1, int(np.prod(shape[1:], dtype=np.int64)) * itemsize)
    step = max(1, _BLOCK_BYTES // row_bytes)
    return ((start, min(start + step, shape[0])) for start in range(0, shape[0], step))


def _native(block: NDArray[Any]) -> NDArray[Any]:
    """Return a contiguous copy in the machine's byte order."""
    return np.ascontiguousarray(block, dtype=block.dtype.newbyteorder("="))
