"""What every prepared hyperspectral scene with marks has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from rsbench.datasets.base import Dataset
from rsbench.datasets.fill_values import FillValue
from rsbench.datasets.io.prepared_folder import PreparedFolder
from rsbench.datasets.targets.detectors import Moments
from rsbench.datasets.targets.scene_copy import areas, fill_sentences
from rsbench.datasets.targets.scene_source import SceneSource

SCENE: Final = "scene.npy"
_TRUTH, _SCORES = "truth.npy", "scores.npy"

Positions = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class PreparedScene(PreparedFolder):
    """A prepared scene; the arrays stay on disk until they are asked for. Tuples have one number a band.

    Attributes:
        warnings: sentences for the user.
        halo: pixels around a mark within which a detection counts (:func:`rsbench.roc.sides`).
        mean: of all pixels.
        std: standard deviation of all pixels; 1 for a band with one value only.
        baselines: detector -> the three areas under its curves.
    """

    DETECTORS: ClassVar[tuple[str, ...]]
    """Classical detectors in the order in which the file of scores holds them."""
    name: str
    title: str
    fingerprint: str
    part: str | None
    synthetic: bool
    warnings: tuple[str, ...]
    height: int
    width: int
    bands: int
    halo: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    baselines: dict[str, dict[str, float]]

    @property
    def pixels(self) -> int:
        """The number of pixels."""
        return self.height * self.width

    def scene(self) -> NDArray[Any]:
        """Return the scene ``[H, W, B]`` in its own dtype, as a read-only memory map that processes share."""
        return self.map_array(SCENE)

    def truth(self) -> NDArray[np.uint8]:
        """Return the marks ``[H, W]``: 1 for a marked pixel, else 0."""
        truth: NDArray[np.uint8] = np.load(self.folder / _TRUTH)
        return truth

    def scores(self, detector: str) -> NDArray[np.float32]:
        """Return what a classical detector says of each pixel, ``[H, W]``, larger for what is looked for.

        Args:
            detector: one of :data:`DETECTORS`.
        """
        scores: NDArray[np.float32] = self.map_array(_SCORES)[self.DETECTORS.index(detector)]
        return scores


def write_scores(folder: Path, truth_HW: NDArray[np.uint8], maps: Mapping[str, NDArray[np.float32]]) -> None:
    """Write the marks and the detectors' scores.

    Args:
        folder: of the prepared scene.
        truth_HW: the marks.
        maps: detector -> scores ``[H, W]``, in the order of :data:`PreparedScene.DETECTORS`.
    """
    np.save(folder / _TRUTH, truth_HW)
    np.save(folder / _SCORES, np.stack(list(maps.values())))


def facts(
    dataset: Dataset,
    source: SceneSource,
    moments: Moments,
    fills: tuple[FillValue, ...],
    truth_HW: NDArray[np.uint8],
    maps: Mapping[str, NDArray[np.float32]],
) -> dict[str, Any]:
    """Return the fields of a :class:`PreparedScene` but its folder.

    Args:
        dataset: whose scene it is.
        source: as it was found.
        moments: of all pixels.
        fills: values that stand for missing data.
        truth_HW: the marks.
        maps: detector -> scores ``[H, W]``.
    """
    return {
        "name": dataset.name,
        "title": source.title,
        "fingerprint": source.fingerprint(),
        "stamp": source.stamp(),
        "part": None,
        "synthetic": dataset.synthetic,
        "warnings": (*source.warnings, *fill_sentences(source, fills)),
        "height": source.height,
        "width": source.width,
        "bands": source.bands,
        "halo": source.halo,
        "mean": tuple(moments.mean.tolist()),
        "std": tuple(np.where(moments.std > 0, moments.std, 1.0).tolist()),
        "baselines": {name: areas(scores_HW, truth_HW, source.halo) for name, scores_HW in maps.items()},
    }
