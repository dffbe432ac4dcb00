"""A target-detection scene brought once into the form that workers read, with what classical detectors say of it."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rsbench import roc
from rsbench.datasets.base import Progress
from rsbench.datasets.io.prepared_folder import new_array, once, read_facts
from rsbench.datasets.targets import detectors
from rsbench.errors import RsbenchError

if TYPE_CHECKING:
    from rsbench.datasets.targets.dataset import TargetDataset
    from rsbench.datasets.targets.source import TargetSource

SCHEMA = 1
SCENE, TRUTH, SCORES, BACKGROUND, FACTS = "scene.npy", "truth.npy", "scores.npy", "background.npy", "targets.json"
DETECTORS = ("cem", "ace", "rx")
"""In the order in which ``scores.npy`` holds them."""
SUSPECTS = 0.05
"""Share of the pixels, those that CEM scores highest, that no network trains on."""
VALIDATION = 0.05
"""Share of the background that validates, at most ``MOST_VALIDATION`` pixels."""
MOST_VALIDATION = 8192

Positions = NDArray[np.int64]


def background_count(pixels: int) -> int:
    """Number of pixels that count as background in training."""
    return pixels - math.ceil(SUSPECTS * pixels)


def validation_count(pixels: int) -> int:
    """Number of background pixels that validate and do not train; at least 1."""
    return min(MOST_VALIDATION, math.ceil(VALIDATION * background_count(pixels)))


@dataclass(frozen=True, kw_only=True)
class TargetScene:
    """A prepared scene; the arrays stay on disk until they are asked for. Lists have one number a band.

    Attributes:
        halo: pixels around a mark within which a detection counts (:func:`rsbench.roc.sides`).
        targets: marks.
        mean: of all pixels.
        std: likewise; 1 for a band with one value only.
        target: spectrum of the target.
        baselines: detector -> the three areas under its curves.
    """

    name: str
    title: str
    folder: Path
    fingerprint: str
    stamp: str
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
    baselines: dict[str, dict[str, float]]

    @classmethod
    def load(cls, folder: Path) -> TargetScene:
        """Open a folder that ``prepare`` made.

        Raises:
            RsbenchError: if there is none, or another rsbench wrote it.
        """
        facts = read_facts(folder, FACTS, SCHEMA)
        lists: dict[str, Any] = {key: tuple(facts.pop(key)) for key in ("warnings", "mean", "std", "target")}
        return cls(folder=folder, **lists, **facts)

    def to_dict(self) -> dict[str, Any]:
        """Return what ``targets.json`` holds (everything but the folder's own path)."""
        facts = asdict(self)
        del facts["folder"]
        return {"schema": SCHEMA, **facts}

    @property
    def pixels(self) -> int:
        """Number of pixels."""
        return self.height * self.width

    def scene(self) -> NDArray[Any]:
        """Return the scene ``[H, W, B]`` in its own dtype, as a read-only memory map that processes share."""
        scene: NDArray[Any] = np.load(self.folder / SCENE, mmap_mode="r")
        return scene

    def truth(self) -> NDArray[np.uint8]:
        """Return the marks ``[H, W]``: 1 for a target, else 0."""
        truth: NDArray[np.uint8] = np.load(self.folder / TRUTH)
        return truth

    def scores(self, detector: str) -> NDArray[np.float32]:
        """Return what a classical detector says of each pixel, ``[H, W]``, larger for targets.

        Args:
            detector: one of :data:`DETECTORS`.
        """
        scores: NDArray[np.float32] = np.load(self.folder / SCORES, mmap_mode="r")[DETECTORS.index(detector)]
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


def build(dataset: TargetDataset, source: TargetSource, cache_root: Path, progress: Progress | None) -> TargetScene:
    """Return the prepared copy of a scene below ``cache_root``, making it first where there is none.

    Raises:
        RsbenchError: broken files, a cache folder that cannot be written or is full.
    """
    folder = cache_root / f"{dataset.name}-{source.fingerprint()}"

    def ready() -> TargetScene | None:
        if not (folder / FACTS).is_file():
            return None
        try:
            scene = TargetScene.load(folder)
        except RsbenchError:
            return None
        return scene if scene.stamp == source.stamp() else None

    return once(folder, dataset.name, ready, lambda made: _prepared(made, folder, dataset, source, progress))


def _prepared(
    made: Path, folder: Path, dataset: TargetDataset, source: TargetSource, progress: Progress | None
) -> TargetScene:
    """Write all arrays into the folder ``made``, which will be moved to ``folder``."""
    _copy(made / SCENE, source, progress)
    truth_HW = source.truth()
    pixels_NB = np.load(made / SCENE, mmap_mode="r").reshape(-1, source.bands)
    given = source.target()
    target_B = given if given is not None else _mean_of(pixels_NB, truth_HW)
    found = detectors.moments(pixels_NB)
    scores = detectors.detect(pixels_NB, found, target_B)
    maps = {name: getattr(scores, name).reshape(truth_HW.shape) for name in DETECTORS}
    np.save(made / TRUTH, truth_HW)
    np.save(made / SCORES, np.stack(list(maps.values())))
    np.save(made / BACKGROUND, _background(scores.cem))
    scene = TargetScene(
        name=dataset.name,
        title=source.title,
        folder=folder,
        fingerprint=source.fingerprint(),
        stamp=source.stamp(),
        part=None,
        synthetic=dataset.synthetic,
        warnings=source.warnings,
        height=source.height,
        width=source.width,
        bands=source.bands,
        halo=source.halo,
        targets=int(truth_HW.sum()),
        mean=tuple(found.mean.tolist()),
        std=tuple(np.where(found.std > 0, found.std, 1.0).tolist()),
        target=tuple(target_B.tolist()),
        baselines={name: _areas(scores_HW, truth_HW, source.halo) for name, scores_HW in maps.items()},
    )
    (made / FACTS).write_text(json.dumps(scene.to_dict()), encoding="utf-8")
    return scene


def _copy(path: Path, source: TargetSource, progress: Progress | None) -> None:
    """Write the scene as ``[H, W, B]`` in its own dtype, block by block.

    Raises:
        RsbenchError: a value is no number.
    """
    done = 0
    with new_array(path, source.dtype, (source.height, source.width, source.bands)) as file:
        for rows in source.blocks():
            bad = rows.size - int(np.isfinite(rows).sum())
            if bad:
                raise RsbenchError(
                    f"{source.where} holds {bad:,} values that are no number in rows {done} to {done + len(rows) - 1}: "
                    "cut those bands or pixels out, or fill them."
                )
            file.write(np.ascontiguousarray(rows, dtype=source.dtype).data)
            done += len(rows)
            if progress is not None:
                progress(done, source.height)


def _mean_of(pixels_NB: NDArray[Any], truth_HW: NDArray[np.uint8]) -> NDArray[np.float64]:
    mean: NDArray[np.float64] = pixels_NB[np.flatnonzero(truth_HW)].astype(np.float64).mean(0)
    return mean


def _background(cem_N: NDArray[np.float32]) -> Positions:
    """Flat positions of the pixels with the lowest coarse scores; of equals the first."""
    order = np.argsort(cem_N, kind="stable")
    return np.sort(order[: background_count(len(cem_N))])


def _areas(scores_HW: NDArray[np.float32], truth_HW: NDArray[np.uint8], halo: int) -> dict[str, float]:
    found = roc.scores(*roc.sides(scores_HW, truth_HW, halo))
    return {name: value for name, value in found.items() if name != "roc"}
