"""Hyperspectral target detection: a scene, where its targets are, and the spectrum that is looked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rsbench.datasets.base import Dataset, Progress, Survey
from rsbench.errors import RsbenchError

if TYPE_CHECKING:
    from rsbench.datasets.targets.prepared import TargetScene


@dataclass(frozen=True, kw_only=True)
class TargetSource(ABC):
    """A scene as it was found: in a file, or a recipe.

    Attributes:
        title: of this scene.
        height: rows of pixels.
        dtype: as numpy writes it, ``float32``.
        halo: pixels around a mark within which a detection counts.
        warnings: sentences for the user.
    """

    where: Path
    title: str
    height: int
    width: int
    bands: int
    dtype: str
    halo: int = 0
    warnings: tuple[str, ...] = ()

    @abstractmethod
    def blocks(self) -> Iterator[NDArray[Any]]:
        """Yield the scene as blocks of rows ``[n, W, B]``, in order."""

    @abstractmethod
    def truth(self) -> NDArray[np.uint8]:
        """Return the marks ``[H, W]``: 1 for a target, else 0."""

    @abstractmethod
    def target(self) -> NDArray[np.float64] | None:
        """Return the target's spectrum ``[B]``; None where the mean of the marked pixels must do."""

    @abstractmethod
    def fingerprint(self) -> str:
        """Return 12 hex digits that name this data."""

    @abstractmethod
    def stamp(self) -> str:
        """Return a text that changes when a file was replaced by another of the same size."""


@dataclass(frozen=True, kw_only=True)
class TargetSurvey(Survey):
    """A scene that was found, not yet read."""

    source: TargetSource

    @property
    def contents(self) -> str:
        """Size of the scene and number of targets."""
        source = self.source
        return f"{source.height} x {source.width} pixels, {source.bands} bands"

    @property
    def inputs(self) -> dict[str, int]:
        """The number of bands."""
        return {"bands": self.source.bands}

    def train_samples(self, split: str, seed: int) -> int:
        """Return how many background pixels train; it follows from the scene's size."""
        from rsbench.datasets.targets.prepared import (  # here: it builds on this module
            background_count,
            validation_count,
        )

        check_split(split)
        pixels = self.source.height * self.source.width
        return background_count(pixels) - validation_count(pixels)


def check_split(split: str) -> None:
    """Refuse percentages: which pixels train is decided by the coarse detection.

    Raises:
        RsbenchError: says so.
    """
    if split != "official":
        raise RsbenchError(
            f"--split {split} does not go with target detection, where the pixels that CEM calls background train and "
            "all pixels test: leave --split out."
        )


class TargetDataset(Dataset):
    """A target-detection data set: its facts, and where its scene stands below a data root."""

    task = "targets"
    model = "aae"
    optimizer = "adam"
    lr = 3e-3
    image_size = 1
    epochs = 100
    batch_size = 64

    @abstractmethod
    def locate(self, data_root: Path) -> TargetSource:
        """Find the scene below ``data_root`` without reading all of it.

        Raises:
            RsbenchError: naming where it looked, the layout wanted, or an array that is missing or does not fit.
        """

    def survey(self, data_root: Path) -> TargetSurvey:
        """Find the scene below ``data_root`` without reading all of it."""
        source = self.locate(data_root)
        return TargetSurvey(where=source.where, fingerprint=source.fingerprint(), source=source)

    def prepare(
        self,
        data_root: Path,
        cache_root: Path,
        image_size: int,
        *,
        strict: bool = False,
        progress: Progress | None = None,
    ) -> TargetScene:
        """Copy the scene into an array that workers map and run the classical detectors; see :meth:`Dataset.prepare`.

        ``image_size`` must be 1, since single pixels are detected; ``strict`` is of no effect; pieces are rows.
        """
        from rsbench.datasets.targets.prepared import build  # here: it builds on this module

        source = self.locate(data_root)
        if image_size != 1:
            raise RsbenchError(
                f"--image-size {image_size} does not go with {self.name}, whose samples are single pixels: leave it "
                "out."
            )
        return build(self, source, cache_root, progress)

    def check(self, data_root: Path, progress: Progress | None = None) -> TargetCheck:
        """Read the whole scene."""
        return check_scene(self.locate(data_root), progress)


@dataclass(frozen=True, kw_only=True)
class TargetCheck:
    """What stands on disk of a scene.

    Attributes:
        low: smallest finite value.
        high: largest finite value.
        not_finite: values that are no number.
        constant: bands with one value only.
        targets: marks.
    """

    source: TargetSource
    low: float
    high: float
    not_finite: int
    constant: int
    targets: int

    @property
    def ok(self) -> bool:
        """Whether all values are numbers."""
        return not self.not_finite

    def sentences(self) -> list[str]:
        """Return what was found, in plain words."""
        source = self.source
        pixels = source.height * source.width
        share = self.targets / pixels
        lines = [
            f"{source.title} at {source.where}: {source.height} x {source.width} pixels, {source.bands} bands "
            f"({source.dtype}, {self.low:g} to {self.high:g}), {self.targets:,} of the {pixels:,} pixels are marked as "
            f"targets ({share:.3%})."
        ]
        if self.constant:
            lines.append(f"{self.constant} bands hold one value only.")
        bad = f"{self.not_finite:,} values are no number: cut or fill them." if self.not_finite else ""
        return [*lines, bad or "All values are numbers.", *source.warnings]


def check_scene(source: TargetSource, progress: Progress | None = None) -> TargetCheck:
    """Read a whole scene, block by block."""
    low, high = np.full(source.bands, np.inf), np.full(source.bands, -np.inf)
    bad = done = 0
    for rows in source.blocks():
        finite = np.isfinite(rows)
        bad += rows.size - int(finite.sum())
        low = np.minimum(low, np.where(finite, rows, np.inf).min((0, 1)))
        high = np.maximum(high, np.where(finite, rows, -np.inf).max((0, 1)))
        done += len(rows)
        if progress is not None:
            progress(done, source.height)
    return TargetCheck(
        source=source,
        low=float(low.min()),
        high=float(high.max()),
        not_finite=bad,
        constant=int((low == high).sum()),
        targets=int(source.truth().sum()),
    )
