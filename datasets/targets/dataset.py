"""Hyperspectral target detection: a scene, where its targets are, and the spectrum that is looked for."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rsbench.datasets.base import Dataset, Progress, Survey
from rsbench.datasets.targets.check import TargetCheck, check_scene
from rsbench.datasets.targets.source import TargetSource
from rsbench.errors import RsbenchError

if TYPE_CHECKING:
    from rsbench.datasets.targets.prepared import TargetScene


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
