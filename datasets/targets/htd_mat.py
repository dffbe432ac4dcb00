"""Target-detection scenes as they are shared: one MATLAB file with a cube, a target map and often the spectrum."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rsbench.datasets.io.matlab import MatArray, contents, shown
from rsbench.datasets.targets.dataset import TargetDataset
from rsbench.datasets.targets.mat_scene import MatScene, only_file, pick
from rsbench.datasets.targets.scene_source import TARGETS
from rsbench.datasets.targets.source import TargetSource
from rsbench.errors import RsbenchError

SPECTRA = ("d", "tgt_spectra", "target", "tgt", "spectrum")
"""Usual names, the first that fits is taken; an array of another name where just one has a fitting shape."""


@dataclass(frozen=True, kw_only=True)
class MatSource(MatScene, TargetSource):
    """A scene in a MATLAB file, with the spectrum of its target if the file has one."""

    spectrum: MatArray | None = None

    @property
    def arrays(self) -> tuple[MatArray, ...]:
        """The arrays that this scene is read from."""
        return (self.cube, self.map) if self.spectrum is None else (self.cube, self.map, self.spectrum)

    def target(self) -> NDArray[np.float64] | None:
        """Return the spectrum, if the file has one."""
        return None if self.spectrum is None else self.spectrum.read().astype(np.float64).ravel()

    @property
    def target_origin(self) -> str:
        """The name of the array, or the marks that also score the detectors."""
        if self.spectrum is None:
            return "mean of the marked pixels, so that the marks that score the methods also help them"
        return f'"{shown(self.spectrum.name)}" in {self.where.name}'


def open_mat(path: Path, title: str, *, halo: int = 0, warnings: tuple[str, ...] = ()) -> MatSource:
    """Find the arrays of a scene and the spectrum of its target.

    Args:
        path: of the file.
        title: of the scene.
        halo: pixels around a mark within which a detection counts.
        warnings: sentences for the user; one is added where the file has no spectrum, or none of a usual name.

    Raises:
        RsbenchError: no MATLAB file, an array is missing (it names what the file holds), a map that does not part
            targets from background, or a spectrum of zeros or with values that are no number.
    """
    scene = MatSource.open(path, title, TARGETS, halo=halo, warnings=warnings)
    taken = (scene.cube.name, scene.map.name)
    others = [
        MatArray(file=path, name=name, shape=shape)
        for name, shape in contents(path).shapes.items()
        if name not in taken and "wavelength" not in name.lower()
    ]
    fitting = {one.name: one for one in others if math.prod(one.shape) == scene.bands}
    misfits = [
        f"{one} is none of {scene.bands} bands" for one in others if one.name in SPECTRA and one.name not in fitting
    ]
    name = pick(list(fitting), SPECTRA)
    spectrum = None if name is None else fitting[name]
    if spectrum is not None:
        _check_spectrum(spectrum)
    told = (*scene.warnings, *_spectrum_warnings(path, name, scene.bands, misfits))
    return replace(scene, spectrum=spectrum, warnings=told)


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


def _check_spectrum(spectrum: MatArray) -> None:
    """Refuse a spectrum that no detector can look for.

    Raises:
        RsbenchError: it holds values that are no number, or zeros only.
    """
    values = spectrum.read()
    if not np.isfinite(values).all() or not values.any():
        raise RsbenchError(f"{spectrum} is no spectrum of a target: it holds values that are no number, or zeros only.")


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
        path = only_file(self, data_root, (data_root / self.name, data_root))
        return open_mat(path, f"{self.title} {path.stem}")
