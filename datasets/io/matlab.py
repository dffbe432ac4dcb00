"""Arrays in MATLAB files of version 5 (and 4) and of version 7.3, which is HDF5 with the axes reversed.

An array is named by its variable, or through structs and cells by a path: ``hsi.Lidar.z`` is the field ``z`` of the
first element of the cell ``Lidar`` of the struct ``hsi``. Shapes and axes are MATLAB's, whatever the version.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsbench.datasets.io.matlab5 import Version5
from rsbench.datasets.io.matlab73 import Version73
from rsbench.datasets.io.matlab_file import MAX_BYTES, Axes, Contents, MatFile, Shape, shape_text, shown
from rsbench.datasets.io.plain_file import UnfitFile, open_plain
from rsbench.errors import RsbenchError
from rsbench.units import one_line

__all__ = [
    "Axes",
    "Contents",
    "MatArray",
    "Shape",
    "axes_to_HW",
    "contents",
    "find",
    "held_text",
    "mat_files",
    "shape_text",
    "shown",
]

_MOST_LISTED = 20
_SIGNATURE = b"\x89HDF\r\n\x1a\n"


@dataclass(frozen=True, kw_only=True)
class MatArray:
    """An array in a file, not yet read."""

    file: Path
    name: str
    """Of the variable, or a path through structs."""
    shape: Shape

    def __str__(self) -> str:
        return f'"{shown(self.name)}" ({shape_text(self.shape)}) in {self.file}'

    def read(self) -> NDArray[Any]:
        """Return all of it, with MATLAB's axes.

        Raises:
            RsbenchError: the file changed or is broken.
        """
        blocks = list(self.rows(tuple(range(len(self.shape)))))
        return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)

    def rows(self, axes: Axes) -> Iterator[NDArray[Any]]:
        """Yield blocks of rows of the array with permuted axes, in order, in the machine's byte order.

        Holds at most one copy of an array in a version 5 file, and one block of one in a version 7.3 file.

        Args:
            axes: of the array, in the order in which they are wanted; the first is cut into blocks.

        Raises:
            RsbenchError: the file changed or is broken.
        """
        with _readable_errors(self.file):
            yield from _open(self.file).rows(self.name, self.shape, axes)


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
        held = opened.contents()
        shapes = held.shapes
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
    raise RsbenchError(
        f'{path} should hold {what} as "{name}" or as its only array of such a shape, but it holds '
        f"{held_text(held.words())}. Rename the array, or put the right file there."
    )


def contents(path: Path) -> Contents:
    """Return what a file holds: the shapes of its plain arrays, and what its other variables are.

    Raises:
        RsbenchError: it is no MATLAB file, or one that leads to other files.
    """
    with _readable_errors(path):
        return _open(path).contents()


def mat_files(folder: Path) -> list[Path]:
    """Return a folder's MATLAB files in the order of their names; hidden ones, which macOS leaves, are no data."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() == ".mat" and not path.name.startswith("."))


def held_text(words: Mapping[str, str]) -> str:
    """Return ``gt (145 x 145), info (a struct: ...)`` or ``no array``."""
    listed = [f"{name} ({text})" for name, text in words.items()]
    if len(listed) > _MOST_LISTED:
        listed[_MOST_LISTED:] = [f"{len(listed) - _MOST_LISTED:,} more"]
    return ", ".join(listed) or "no array"


def axes_to_HW(shape: Shape, height: int, width: int) -> Axes | None:
    """Return the order of axes that brings an array to ``[H, W]`` or ``[H, W, C]``, None if there is none.

    Where several do (a square scene), the one nearest to MATLAB's own order is taken.
    """
    for axes in sorted(itertools.permutations(range(len(shape))), key=lambda axes: (axes[-1] != len(shape) - 1, axes)):
        if (shape[axes[0]], shape[axes[1]]) == (height, width):
            return axes
    return None


@cache
def _version(path: Path, stamp: int) -> type[MatFile]:
    """Return the reader of a file: version 7.3 has HDF5's signature, behind MATLAB's own 512 bytes."""
    with open_plain(path, MAX_BYTES) as file:
        head = file.read(2056)
    return Version73 if any(head.startswith(_SIGNATURE, at) for at in (0, 512, 1024, 2048)) else Version5


def _open(path: Path) -> MatFile:
    """Return a file, read as its version wants."""
    return _version(path, path.stat().st_mtime_ns)(path)


@contextmanager
def _readable_errors(path: Path) -> Iterator[None]:
    """Turn what SciPy, h5py and the file system raise into one sentence.

    Raises:
        RsbenchError: with that sentence.
    """
    try:
        yield
    except RsbenchError:
        raise
    except (UnfitFile, PermissionError, FileNotFoundError) as error:
        reason = error.strerror or str(error)
        raise RsbenchError(f"{path} cannot be read ({reason}): put a MATLAB file that can be read there.") from error
    except MemoryError as error:
        raise RsbenchError(f"{path} holds more than fits into memory: cut the scene.") from error
    except Exception as error:
        reason = one_line(str(error).partition("\n")[0]) or type(error).__name__
        raise RsbenchError(
            f"{path} cannot be read as a MATLAB file ({reason}): it may be incomplete; copy it again."
        ) from error
