"""An anomaly-detection scene brought once into the form that workers read, with what classical detectors say of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsbench.datasets.anomalies.detectors import DETECTORS, detect
from rsbench.datasets.anomalies.source import validation_count
from rsbench.datasets.base import Dataset, Progress
from rsbench.datasets.io.prepared_folder import PreparedFolder
from rsbench.datasets.targets.detectors import Moments
from rsbench.datasets.targets.scene_copy import areas, copy_scene, fill_sentences, moments_of
from rsbench.datasets.targets.scene_source import SceneSource

SCENE, TRUTH, SCORES = "scene.npy", "truth.npy", "scores.npy"

Positions = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class AnomalyScene(PreparedFolder):
    """A prepared scene; the arrays stay on disk until they are asked for. Tuples have one number a band.

    Attributes:
        warnings: sentences for the user.
        halo: pixels around a mark within which a detection counts (:func:`rsbench.roc.sides`).
        anomalies: number of marked pixels.
        low: smallest value of the whole cube.
        high: largest value of the whole cube.
        cube_mean: of all values, whatever their band.
        cube_std: standard deviation of all values about ``cube_mean``.
        mean: of all pixels.
        std: standard deviation of all pixels; 1 for a band with one value only.
        baselines: detector -> the three areas under its curves.
    """

    METADATA = "anomalies.json"
    SCHEMA = 1
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
    anomalies: int
    low: float
    high: float
    cube_mean: float
    cube_std: float
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
        """Return the marks ``[H, W]``: 1 for an anomaly, else 0."""
        truth: NDArray[np.uint8] = np.load(self.folder / TRUTH)
        return truth

    def scores(self, detector: str) -> NDArray[np.float32]:
        """Return what a classical detector says of each pixel of the scene as it is, ``[H, W]``, larger for anomalies.

        Args:
            detector: one of :data:`DETECTORS`.
        """
        scores: NDArray[np.float32] = self.map_array(SCORES)[DETECTORS.index(detector)]
        return scores

    def background(self, seed: int) -> tuple[Positions, Positions]:
        """Return the pixels that train and those that validate, as flat positions in ascending order.

        Together they are all pixels: neither marks nor a detection play a part.

        Args:
            seed: of the repeat; draws who validates.
        """
        validates = np.zeros(self.pixels, dtype=bool)
        rng = np.random.default_rng([seed, 0x68616476])
        validates[rng.choice(self.pixels, validation_count(self.pixels), replace=False)] = True
        return np.flatnonzero(~validates), np.flatnonzero(validates)


def prepare(dataset: Dataset, source: SceneSource, cache_root: Path, progress: Progress | None) -> AnomalyScene:
    """Return the prepared copy of a scene below ``cache_root``, making it first where there is none.

    Raises:
        RsbenchError: broken files, a cache folder that cannot be written or is full.
    """
    fingerprint = source.fingerprint()
    folder = cache_root / f"{dataset.name}-{fingerprint}"

    def write(temporary: Path) -> AnomalyScene:
        fills = copy_scene(temporary / SCENE, source, progress)
        truth_HW = source.truth()
        scene_HWB = np.load(temporary / SCENE, mmap_mode="r")
        moments = moments_of(scene_HWB.reshape(-1, source.bands), source, fills)
        found = detect(scene_HWB.reshape(-1, source.bands), source.height, source.width)
        maps = {name: found[name].reshape(truth_HW.shape) for name in DETECTORS}
        np.save(temporary / TRUTH, truth_HW)
        np.save(temporary / SCORES, np.stack(list(maps.values())))
        cube_mean, cube_std = _of_cube(moments)
        return AnomalyScene(
            name=dataset.name,
            title=source.title,
            folder=folder,
            fingerprint=fingerprint,
            stamp=source.stamp(),
            part=None,
            synthetic=dataset.synthetic,
            warnings=(*source.warnings, *fill_sentences(source, fills)),
            height=source.height,
            width=source.width,
            bands=source.bands,
            halo=source.halo,
            anomalies=int(truth_HW.sum()),
            low=float(scene_HWB.min()),
            high=float(scene_HWB.max()),
            cube_mean=cube_mean,
            cube_std=cube_std,
            mean=tuple(moments.mean.tolist()),
            std=tuple(np.where(moments.std > 0, moments.std, 1.0).tolist()),
            baselines={name: areas(scores_HW, truth_HW, source.halo) for name, scores_HW in maps.items()},
        )

    return AnomalyScene.reuse_or_write(folder, dataset.name, source.stamp(), write)


def _of_cube(moments: Moments) -> tuple[float, float]:
    """Return mean and standard deviation of all values of a cube."""
    mean = moments.mean.mean()
    return float(mean), math.sqrt((moments.std**2 + (moments.mean - mean) ** 2).mean())
