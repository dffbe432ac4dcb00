"""A target-detection scene brought once into the form that workers read, with what classical detectors say of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsbench.datasets.base import Dataset, Progress
from rsbench.datasets.io.prepared_folder import PreparedFolder
from rsbench.datasets.targets import detectors
from rsbench.datasets.targets.scene_copy import areas, copy_scene, fill_sentences, moments_of
from rsbench.datasets.targets.source import TargetSource, background_count, validation_count

SCENE, TRUTH, SCORES, BACKGROUND = "scene.npy", "truth.npy", "scores.npy", "background.npy"
DETECTORS = ("cem", "ace", "rx")
"""In the order in which ``scores.npy`` holds them."""

Positions = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class TargetScene(PreparedFolder):
    """A prepared scene; the arrays stay on disk until they are asked for. Tuples have one number a band.

    Attributes:
        warnings: sentences for the user.
        halo: pixels around a mark within which a detection counts (:func:`rsbench.roc.sides`).
        targets: number of marked pixels.
        mean: of all pixels.
        std: standard deviation of all pixels; 1 for a band with one value only.
        target: spectrum of the target.
        target_origin: where that comes from, in words.
        baselines: detector -> the three areas under its curves.
    """

    METADATA = "targets.json"
    SCHEMA = 2
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
    targets: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    target: tuple[float, ...]
    target_origin: str
    baselines: dict[str, dict[str, float]]

    @property
    def pixels(self) -> int:
        """The number of pixels."""
        return self.height * self.width

    def scene(self) -> NDArray[Any]:
        """Return the scene ``[H, W, B]`` in its own dtype, as a read-only memory map that processes share."""
        return self.map_array(SCENE)

    def truth(self) -> NDArray[np.uint8]:
        """Return the marks ``[H, W]``: 1 for a target, else 0."""
        truth: NDArray[np.uint8] = np.load(self.folder / TRUTH)
        return truth

    def scores(self, detector: str) -> NDArray[np.float32]:
        """Return what a classical detector says of each pixel, ``[H, W]``, larger for targets.

        Args:
            detector: one of :data:`DETECTORS`.
        """
        scores: NDArray[np.float32] = self.map_array(SCORES)[DETECTORS.index(detector)]
        return scores

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
    fingerprint = source.fingerprint()
    folder = cache_root / f"{dataset.name}-{fingerprint}"

    def write(temporary: Path) -> TargetScene:
        fills = copy_scene(temporary / SCENE, source, progress)
        truth_HW = source.truth()
        pixels_NB = np.load(temporary / SCENE, mmap_mode="r").reshape(-1, source.bands)
        given = source.target()
        target_B = given if given is not None else _mean_of(pixels_NB, truth_HW)
        moments = moments_of(pixels_NB, source, fills)
        scores = detectors.detect(pixels_NB, moments, target_B)
        maps = {name: getattr(scores, name).reshape(truth_HW.shape) for name in DETECTORS}
        np.save(temporary / TRUTH, truth_HW)
        np.save(temporary / SCORES, np.stack(list(maps.values())))
        np.save(temporary / BACKGROUND, _background(scores.cem))
        return TargetScene(
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
            targets=int(truth_HW.sum()),
            mean=tuple(moments.mean.tolist()),
            std=tuple(np.where(moments.std > 0, moments.std, 1.0).tolist()),
            target=tuple(target_B.tolist()),
            target_origin=source.target_origin,
            baselines={name: areas(scores_HW, truth_HW, source.halo) for name, scores_HW in maps.items()},
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
