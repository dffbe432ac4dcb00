"""Target-detection scenes as they are shared: one MATLAB file with a cube, a target map and often the spectrum."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsbench.datasets.base import not_found
from rsbench.datasets.io.matlab import Axes, Contents, MatArray, axes_to_HW, contents, held_text, mat_files, shown
from rsbench.datasets.targets.dataset import TargetDataset
from rsbench.datasets.targets.source import TargetSource
from rsbench.errors import RsbenchError
from rsbench.roc import sides

MAPS = ("map", "hsi_gt", "gtImg_sub", "gt", "groundtruth")
CUBES = ("data", "hsi", "hsi_sub")
SPECTRA = ("d", "tgt_spectra", "target", "tgt", "spectrum")
"""Usual names, the first that fits is taken; arrays of other names where just one has a fitting shape."""


@dataclass(frozen=True, kw_only=True)
class MatSource(TargetSource):
    """A scene in a MATLAB file of any version, the axes of its cube in any order."""

    cube: MatArray
    axes: Axes
    map: MatArray
    spectrum: MatArray | None

    def blocks(self) -> Iterator[NDArray[Any]]:
        """Yield blocks of rows, 64 MiB each."""
        return self.cube.rows(self.axes)

    def truth(self) -> NDArray[np.uint8]:
        """Return 1 wherever the map is not 0; NaN is no target."""
        return read_marks(self.map)

    def target(self) -> NDArray[np.float64] | None:
        """Return the spectrum, if the file has one."""
        return None if self.spectrum is None else self.spectrum.read().astype(np.float64).ravel()

    @property
    def target_origin(self) -> str:
        """The name of the array, or the marks that also score the detectors."""
        if self.spectrum is None:
            return "mean of the marked pixels, so that the marks that score the methods also help them"
        return f'"{shown(self.spectrum.name)}" in {self.where.name}'

    def fingerprint(self) -> str:
        """Return 12 hex digits, equal for equal file names and sizes, arrays and halo."""
        arrays = (self.cube, self.map, self.spectrum)
        shapes = [(array.name, array.shape) for array in arrays if array is not None]
        text = f"targets 1 {self.where.name} {self.where.stat().st_size} {shapes} {self.halo}"
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def stamp(self) -> str:
        """Return the time of the file's last change, in ns."""
        return str(self.where.stat().st_mtime_ns)


def open_mat(path: Path, title: str, *, halo: int = 0, warnings: tuple[str, ...] = ()) -> MatSource:
    """Find the arrays of a scene.

    Args:
        path: of the file.
        title: of the scene.
        halo: pixels around a mark within which a detection counts.
        warnings: sentences for the user; one is added where the file has no spectrum, or none of a usual name.

    Raises:
        RsbenchError: no MATLAB file, an array is missing (it names what the file holds), a map that does not part
            targets from background, or a spectrum of zeros or with values that are no number.
    """
    held = contents(path)
    shapes = held.shapes

    def array(name: str) -> MatArray:
        return MatArray(file=path, name=name, shape=shapes[name])

    map_name = _pick([n for n, s in shapes.items() if len(s) == 2 and min(s) > 1], MAPS)
    if map_name is None:
        raise _missing(path, held, 'a map of the targets as "map", or as its only matrix')
    marks = array(map_name)
    height, width = marks.shape
    fitting = {n: axes_to_HW(s, height, width) for n, s in shapes.items() if len(s) == 3}
    name = _pick([n for n, axes in fitting.items() if axes is not None], CUBES)
    if name is None:
        raise _missing(path, held, f'a cube of {height} x {width} pixels as "data", or as its only one of that size')
    cube, axes = array(name), fitting[name]
    assert axes is not None  # picked from those that fit
    bands = cube.shape[axes[2]]
    others = [n for n in shapes if n not in (marks.name, name) and "wavelength" not in n.lower()]
    misfits = [f"{array(n)} is none of {bands} bands" for n in others if n in SPECTRA and math.prod(shapes[n]) != bands]
    spectrum = _pick([n for n in others if math.prod(shapes[n]) == bands], SPECTRA)
    unknown = _check_marks(marks, halo)
    if spectrum is not None:
        _check_spectrum(array(spectrum))
    return MatSource(
        where=path,
        title=title,
        height=height,
        width=width,
        bands=bands,
        dtype=str(next(cube.rows(axes)).dtype),
        halo=halo,
        warnings=(*warnings, *unknown, *_spectrum_warnings(path, spectrum, bands, misfits)),
        cube=cube,
        axes=axes,
        map=marks,
        spectrum=None if spectrum is None else array(spectrum),
    )


def _missing(path: Path, held: Contents, what: str) -> RsbenchError:
    """Return the error that says what should be in a file, and what is."""
    return RsbenchError(f"{path} should hold {what}, but it holds {held_text(held.words())}. Rename or add the array.")


def _spectrum_warnings(path: Path, spectrum: str | None, bands: int, misfits: list[str]) -> tuple[str, ...]:
    """Return a sentence on where the target's spectrum comes from, none if it has a usual name."""
    if spectrum is None:
        why = f" ({'; '.join(misfits)})" if misfits else ""
        return (
            f"{path} holds no spectrum of the target{why}: the mean of the marked pixels stands in for it, so that "
            "labels help to detect; areas under curves are too good by that.",
        )
    if spectrum in SPECTRA:
        return ()
    return (f'{path} holds no "d": its "{shown(spectrum)}" of {bands} values is taken for the target\'s spectrum.',)


def read_marks(marks: MatArray) -> NDArray[np.uint8]:
    """Return 1 wherever a map is neither 0 nor NaN."""
    marks_HW = marks.read()
    chosen: NDArray[np.uint8] = ((marks_HW != 0) & ~np.isnan(marks_HW)).astype(np.uint8)
    return chosen


def _check_marks(marks: MatArray, halo: int) -> tuple[str, ...]:
    """Refuse a map without targets, or without background; return a sentence on values that are no number.

    Raises:
        RsbenchError: it is so, or holds infinite values.
    """
    marks_HW = marks.read()
    unknown = int(np.count_nonzero(np.isnan(marks_HW)))
    if np.isinf(marks_HW).any():
        raise RsbenchError(f"{marks} holds infinite values: write 0 where there is no target.")
    marks_HW = read_marks(marks)
    if not marks_HW.any():
        raise RsbenchError(f"{marks} marks no target: put the right map there.")
    if not len(sides(marks_HW, marks_HW, halo)[1]):
        raise RsbenchError(f"{marks} leaves no background pixel: put the right map there.")
    if not unknown:
        return ()
    return (f"{marks} holds {unknown:,} values that are no number (NaN): they are read as 0, no target.",)


def _check_spectrum(spectrum: MatArray) -> None:
    """Refuse a spectrum that no detector can look for.

    Raises:
        RsbenchError: it holds values that are no number, or zeros only.
    """
    values = spectrum.read()
    if not np.isfinite(values).all() or not values.any():
        raise RsbenchError(f"{spectrum} is no spectrum of a target: it holds values that are no number, or zeros only.")


def _pick(names: list[str], usual: tuple[str, ...]) -> str | None:
    """Return the first usual name among those that fit, else the only one; None where several fit."""
    known = next((name for name in usual if name in names), None)
    return known or (names[0] if len(names) == 1 else None)


class HTDMat(TargetDataset):
    """A scene of the user's own: San Diego, HYDICE, ABU and others as they are shared."""

    name = "htd-mat"
    title = "target-detection scene"
    licence = "your file's own"
    published = False
    citation = "your file's own"
    layout = (
        "DATA_ROOT/htd-mat/<one>.mat, or DATA_ROOT itself the file or a folder with one .mat file, that holds data "
        "(height x width x bands), map (height x width, not 0 for targets) and, if known, d (the target's spectrum)."
    )

    @property
    def contents(self) -> str:
        """Sizes are the file's."""
        return "sizes from the file"

    def locate(self, data_root: Path) -> MatSource:
        """Find the one file."""
        places = [data_root / self.name, data_root]
        if data_root.is_file():
            return self._open(data_root)
        for place in filter(Path.is_dir, places):
            files = mat_files(place)
            if len(files) == 1:
                return self._open(files[0])
            if files:
                raise RsbenchError(
                    f"{place} holds {len(files)} MATLAB files ({', '.join(path.name for path in files[:5])}"
                    f"{', ...' if len(files) > 5 else ''}): name one with --data-root {files[0]}."
                )
        raise not_found(self, data_root, places)

    def _open(self, path: Path) -> MatSource:
        return open_mat(path, f"{self.title} {path.stem}")
