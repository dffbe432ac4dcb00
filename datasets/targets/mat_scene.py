"""Hyperspectral scenes in MATLAB files: a cube, and a map of the pixels that are marked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from rsbench.datasets.base import Dataset, not_found
from rsbench.datasets.io.matlab import Axes, MatArray, axes_to_HW, contents, held_text, mat_files
from rsbench.datasets.io.matlab_file import Contents
from rsbench.datasets.targets.scene_source import Marks, SceneSource
from rsbench.errors import RsbenchError
from rsbench.roc import sides

MAPS = ("map", "hsi_gt", "gtImg_sub", "gt", "groundtruth")
CUBES = ("data", "hsi", "hsi_sub")
"""Usual names, the first that fits is taken; arrays of other names where just one has a fitting shape."""


@dataclass(frozen=True, kw_only=True)
class MatScene(SceneSource):
    """A scene in a MATLAB file of any version, the axes of its cube in any order."""

    cube: MatArray
    axes: Axes
    map: MatArray

    @classmethod
    def open(cls, path: Path, title: str, marks: Marks, *, halo: int = 0, warnings: tuple[str, ...] = ()) -> Self:
        """Find the arrays of a scene.

        Args:
            path: of the file.
            title: of the scene.
            marks: what the map marks.
            halo: pixels around a mark within which a detection counts.
            warnings: sentences for the user; one is added where the map holds values that are no number.

        Raises:
            RsbenchError: no MATLAB file, an array is missing (it names what the file holds), or a map that does not
                part marked pixels from background.
        """
        held = contents(path)
        matrices = [name for name, shape in held.shapes.items() if len(shape) == 2 and min(shape) > 1]
        map_name = pick(matrices, MAPS)
        if map_name is None:
            raise _missing(path, held, f'a map of the {marks.many} as "map", or as its only matrix')
        marked = MatArray(file=path, name=map_name, shape=held.shapes[map_name])
        height, width = marked.shape
        fitting = {n: axes_to_HW(s, height, width) for n, s in held.shapes.items() if len(s) == 3}
        name = pick([n for n, axes in fitting.items() if axes is not None], CUBES)
        if name is None:
            raise _missing(
                path, held, f'a cube of {height} x {width} pixels as "data", or as its only one of that size'
            )
        cube, axes = MatArray(file=path, name=name, shape=held.shapes[name]), fitting[name]
        assert axes is not None  # picked from those that fit
        unknown = _check_marks(marked, marks, halo)
        return cls(
            where=path,
            title=title,
            height=height,
            width=width,
            bands=cube.shape[axes[2]],
            dtype=str(next(cube.rows(axes)).dtype),
            halo=halo,
            warnings=(*warnings, *unknown),
            cube=cube,
            axes=axes,
            map=marked,
        )

    @property
    def arrays(self) -> tuple[MatArray, ...]:
        """The arrays that this scene is read from."""
        return (self.cube, self.map)

    def blocks(self) -> Iterator[NDArray[Any]]:
        """Yield blocks of rows, 64 MiB each."""
        return self.cube.rows(self.axes)

    def truth(self) -> NDArray[np.uint8]:
        """Return 1 wherever the map is not 0; NaN is no mark."""
        return read_marks(self.map)

    def fingerprint(self) -> str:
        """Return 12 hex digits, equal for equal file names and sizes, arrays and halo."""
        shapes = [(array.name, array.shape) for array in self.arrays]
        text = f"targets 1 {self.where.name} {self.where.stat().st_size} {shapes} {self.halo}"
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def stamp(self) -> str:
        """Return the time of the file's last change, in ns."""
        return str(self.where.stat().st_mtime_ns)


def only_file(dataset: Dataset, data_root: Path, places: Sequence[Path]) -> Path:
    """Return a data root that is itself a file, else the one MATLAB file of the first place that has any.

    Args:
        dataset: whose file it is.
        data_root: as the user names it.
        places: folders to look at.

    Raises:
        RsbenchError: there is none, or a place holds several.
    """
    if data_root.is_file():
        return data_root
    for place in filter(Path.is_dir, places):
        files = mat_files(place)
        if len(files) == 1:
            return files[0]
        if files:
            raise RsbenchError(
                f"{place} holds {len(files)} MATLAB files ({', '.join(path.name for path in files[:5])}"
                f"{', ...' if len(files) > 5 else ''}): name one with --data-root {files[0]}."
            )
    raise not_found(dataset, data_root, places)


def read_marks(marked: MatArray) -> NDArray[np.uint8]:
    """Return 1 wherever a map is neither 0 nor NaN."""
    marks_HW = marked.read()
    chosen: NDArray[np.uint8] = ((marks_HW != 0) & ~np.isnan(marks_HW)).astype(np.uint8)
    return chosen


def pick(names: list[str], usual: tuple[str, ...]) -> str | None:
    """Return the first usual name among those that fit, else the only one; None where several fit."""
    known = next((name for name in usual if name in names), None)
    return known or (names[0] if len(names) == 1 else None)


def _missing(path: Path, held: Contents, what: str) -> RsbenchError:
    """Return the error that says what should be in a file, and what is."""
    return RsbenchError(f"{path} should hold {what}, but it holds {held_text(held.words())}. Rename or add the array.")


def _check_marks(marked: MatArray, marks: Marks, halo: int) -> tuple[str, ...]:
    """Refuse a map without marks, or without background; return a sentence on values that are no number.

    Raises:
        RsbenchError: it is so, or holds infinite values.
    """
    marks_HW = marked.read()
    unknown = int(np.count_nonzero(np.isnan(marks_HW)))
    if np.isinf(marks_HW).any():
        raise RsbenchError(f"{marked} holds infinite values: write 0 where there is no {marks.one}.")
    marks_HW = read_marks(marked)
    if not marks_HW.any():
        raise RsbenchError(f"{marked} marks no {marks.one}: put the right map there.")
    if not len(sides(marks_HW, marks_HW, halo)[1]):
        raise RsbenchError(f"{marked} leaves no background pixel: put the right map there.")
    if not unknown:
        return ()
    return (f"{marked} holds {unknown:,} values that are no number (NaN): they are read as 0, no {marks.one}.",)
