"""Hyperspectral target detection: a scene, where its targets are, and the spectrum that is looked for."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path

from rsbench.datasets.base import Dataset, Progress
from rsbench.datasets.targets.check import TargetCheck
from rsbench.datasets.targets.prepared import TargetScene, prepare
from rsbench.datasets.targets.scene_source import refuse_image_size
from rsbench.datasets.targets.source import TargetSource, TargetSurvey


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
        return TargetSurvey.of(self.locate(data_root))

    def prepare(
        self, data_root: Path, cache_root: Path, image_size: int, *, progress: Progress | None = None
    ) -> TargetScene:
        """Copy the scene into an array that workers map and run the classical detectors; see :meth:`Dataset.prepare`.

        ``image_size`` must be 1, since single pixels are detected. Progress counts rows.
        """
        source = self.locate(data_root)
        refuse_image_size(self.name, image_size)
        return prepare(self, source, cache_root, progress)

    def check(self, data_root: Path, progress: Progress | None = None) -> TargetCheck:
        """Read the whole scene."""
        return TargetCheck.of(self.locate(data_root), progress)
