"""Anomaly-detection scenes in one MATLAB file with a cube and a map: the user's own, HYDICE and San Diego."""

from __future__ import annotations

from pathlib import Path

from rsbench.datasets import papers
from rsbench.datasets.anomalies.dataset import AnomalyDataset
from rsbench.datasets.targets.mat_scene import MatScene, only_file
from rsbench.datasets.targets.scene_source import ANOMALIES

_ARRAYS = "data (height x width x bands) and map (height x width, not 0 for anomalies)"
_LREN = "https://github.com/xdjiangkai/LREN"
_UNSTATED = "none is stated: ask before you pass the data on"


class HADMat(AnomalyDataset):
    """A scene of the user's own."""

    name = "had-mat"
    title = "anomaly-detection scene"
    licence = "your file's own"
    published = False
    citation = "your file's own"
    layout = (
        "DATA_ROOT/had-mat/<one>.mat, or DATA_ROOT itself the file or a folder with one .mat file, that holds "
        f"{_ARRAYS}; a spectrum in it is not read."
    )

    @property
    def contents(self) -> str:
        """Sizes are the file's."""
        return "sizes from the file"

    def locate(self, data_root: Path) -> MatScene:
        """Find the one file."""
        path = only_file(self, data_root, (data_root / self.name, data_root))
        return MatScene.open(path, f"{self.title} {path.stem}", ANOMALIES)


class _Cut(AnomalyDataset):
    """A part of a flight line that circulates in several sizes, so that none is declared."""

    licence = _UNSTATED
    homepage = _LREN

    @property
    def contents(self) -> str:
        """Sizes are the file's."""
        return "sizes from the file; several cuts are in use"

    def locate(self, data_root: Path) -> MatScene:
        """Find the one file in the data set's folder."""
        return MatScene.open(only_file(self, data_root, (data_root / self.name,)), self.title, ANOMALIES)


class HYDICE(_Cut):
    """The urban scene of the HYDICE sensor with vehicles and roofs as anomalies."""

    name = "hydice"
    title = "HYDICE urban"
    citation = (
        "R. W. Basedow, D. C. Carmer, M. E. Anderson: HYDICE system: implementation and performance. Proc. SPIE 2480, "
        "1995."
    )
    references = (papers.HYDICE,)
    layout = f"DATA_ROOT/hydice/<one>.mat, or DATA_ROOT itself the file, that holds {_ARRAYS}; a spectrum is not read."


class SanDiego(_Cut):
    """A part of an AVIRIS flight line over an airfield at San Diego with aeroplanes as anomalies."""

    name = "san-diego"
    title = "AVIRIS San Diego"
    citation = (
        "R. O. Green and others: Imaging spectroscopy and the Airborne Visible/Infrared Imaging Spectrometer (AVIRIS). "
        "Remote Sensing of Environment 65(3), 1998."
    )
    references = (papers.AVIRIS,)
    layout = (
        f"DATA_ROOT/san-diego/<one>.mat, or DATA_ROOT itself the file, that holds {_ARRAYS}; a spectrum is not read."
    )
