"""A target-detection scene brought once into the form that workers read, with what classical detectors say of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsbench.datasets.base import Dataset, Progress
from rsbench.datasets.targets import detectors
from rsbench.datasets.targets.prepared_scene import SCENE, Positions, PreparedScene, facts, write_scores
from rsbench.datasets.targets.scene_copy import copy_scene, moments_of
from rsbench.datasets.targets.source import TargetSource, background_count, validation_count

BACKGROUND = "background.npy"
DETECTORS = ("cem", "ace", "rx")


@dataclass(frozen=True, kw_only=True)
class TargetScene(PreparedScene):
    """A prepared scene with targets.

    Attributes:
        targets: number of marked pixels.
        target: spectrum of the target, one number a band.
        target_origin: where that comes from, in words.
    """

    METADATA = "targets.json"
    SCHEMA = 2
    DETECTORS = DETECTORS
    targets: int
    target: tuple[float, ...]
    target_origin: str

    def background(self, seed: int) -> tuple[Positions, Positions]:
        """Return the pixels that train and those that validate, as flat positions in ascending order.

        Both come from the pixels that the coarse detection calls background; marks play no part.

        Args:
            seed: of the repeat; draws who validates.
        """
        positions: Positions = np.load(self.folder / BACKGROUND)
        chosen = np.zeros(len(positions), dtype=bool)
        rng = np.random.default_rng([seed, 0x68746476])
        chosen[rng.choice(len(positions), validation_count(self.pixels), replace=False)] = True
        return positions[~chosen], positions[chosen]


def prepare(dataset: Dataset, source: TargetSource, cache_root: Path, progress: Progress | None) -> TargetScene:
    """Return the prepared copy of a scene below ``cache_root``, making it first where there is none.

    Raises:
        RsbenchError: broken files, a cache folder that cannot be written or is full.
    """
    folder = cache_root / f"{dataset.name}-{source.fingerprint()}"

    def write(temporary: Path) -> TargetScene:
        fills = copy_scene(temporary / SCENE, source, progress)
        truth_HW = source.truth()
        pixels_NB = np.load(temporary / SCENE, mmap_mode="r").reshape(-1, source.bands)
        given = source.target()
        target_B = given if given is not None else _mean_of(pixels_NB, truth_HW)
        moments = moments_of(pixels_NB, source, fills)
        scores = detectors.detect(pixels_NB, moments, target_B)
        maps = {name: getattr(scores, name).reshape(truth_HW.shape) for name in DETECTORS}
        write_scores(temporary, truth_HW, maps)
        np.save(temporary / BACKGROUND, _background(scores.cem))
        return TargetScene(
            **facts(dataset, source, moments, fills, truth_HW, maps),
            folder=folder,
            targets=int(truth_HW.sum()),
            target=tuple(target_B.tolist()),
            target_origin=source.target_origin,
        )

    return TargetScene.reuse_or_write(folder, dataset.name, source.stamp(), write)


def _mean_of(pixels_NB: NDArray[Any], truth_HW: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the mean spectrum of the marked pixels."""
    mean: NDArray[np.float64] = pixels_NB[np.flatnonzero(truth_HW)].astype(np.float64).mean(0)
    return mean


def _background(cem_N: NDArray[np.float32]) -> Positions:
    """Return the flat positions of the pixels with the lowest coarse scores; of equals the first."""
    order = np.argsort(cem_N, kind="stable")
    return np.sort(order[: background_count(len(cem_N))])
