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
from rsbench.datasets.targets.detectors import Moments
from rsbench.datasets.targets.prepared_scene import SCENE, Positions, PreparedScene, facts, write_scores
from rsbench.datasets.targets.scene_copy import copy_scene, moments_of
from rsbench.datasets.targets.scene_source import SceneSource
from rsbench.errors import RsbenchError


@dataclass(frozen=True, kw_only=True)
class AnomalyScene(PreparedScene):
    """A prepared scene with anomalies; its scores are those of the scene as it is.

    Attributes:
        anomalies: number of marked pixels.
        low: smallest value of the whole cube.
        high: largest value of the whole cube.
        cube_mean: of all values, whatever their band.
        cube_std: standard deviation of all values about ``cube_mean``.
    """

    METADATA = "anomalies.json"
    SCHEMA = 1
    DETECTORS = DETECTORS
    anomalies: int
    low: float
    high: float
    cube_mean: float
    cube_std: float

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
        RsbenchError: broken files, values that no detector can score, one value only, a cache folder that cannot be
            written or is full.
    """
    folder = cache_root / f"{dataset.name}-{source.fingerprint()}"

    def write(temporary: Path) -> AnomalyScene:
        fills = copy_scene(temporary / SCENE, source, progress)
        truth_HW = source.truth()
        scene_HWB = np.load(temporary / SCENE, mmap_mode="r")
        low, high = float(scene_HWB.min()), float(scene_HWB.max())
        if low == high:
            raise RsbenchError(
                f"{source.where} holds one value only: there is no background to learn and nothing to detect."
            )
        moments = moments_of(scene_HWB.reshape(-1, source.bands), source, fills)
        found = _detected(scene_HWB, source)
        maps = {name: found[name].reshape(truth_HW.shape) for name in DETECTORS}
        write_scores(temporary, truth_HW, maps)
        cube_mean, cube_std = _of_cube(moments)
        return AnomalyScene(
            **facts(dataset, source, moments, fills, truth_HW, maps),
            folder=folder,
            anomalies=int(truth_HW.sum()),
            low=low,
            high=high,
            cube_mean=cube_mean,
            cube_std=cube_std,
        )

    return AnomalyScene.reuse_or_write(folder, dataset.name, source.stamp(), write)


def _detected(scene_HWB: NDArray[Any], source: SceneSource) -> dict[str, NDArray[np.float32]]:
    """Return detector -> its scores [N] of the scene as it is.

    Raises:
        RsbenchError: values that no detector can score; names the file.
    """
    try:
        return detect(scene_HWB.reshape(-1, source.bands), source.height, source.width)
    except RsbenchError as error:
        raise RsbenchError(f"{source.where}: {error}") from error


def _of_cube(moments: Moments) -> tuple[float, float]:
    """Return mean and standard deviation of all values of a cube."""
    mean = moments.mean.mean()
    return float(mean), math.sqrt((moments.std**2 + (moments.mean - mean) ** 2).mean())
