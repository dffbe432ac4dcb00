"""Hyperspectral anomaly detection: a scene, and where pixels are that are unlike the rest."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path

from rsbench.datasets.anomalies.check import AnomalyCheck
from rsbench.datasets.anomalies.prepared import AnomalyScene, prepare
from rsbench.datasets.anomalies.source import AnomalySurvey
from rsbench.datasets.base import Dataset, Progress
from rsbench.datasets.targets.scene_source import SceneSource, refuse_image_size


class AnomalyDataset(Dataset):
    """An anomaly-detection data set: its facts, and where its scene is below a data root."""

    task = "anomalies"
    model = "bsdm"
    optimizer = "sgd"
    lr = 1e-2
    image_size = 1
    epochs = 8
    batch_size = 64

    @abstractmethod
    def locate(self, data_root: Path) -> SceneSource:
        """Find the scene below ``data_root`` without reading all of it.

        Raises:
            RsbenchError: naming where it looked, the layout wanted, or an array that is missing or does not fit.
        """

    def survey(self, data_root: Path) -> AnomalySurvey:
        """Find the scene below ``data_root`` without reading all of it."""
        return AnomalySurvey.of(self.locate(data_root))

    def prepare(
        self, data_root: Path, cache_root: Path, image_size: int, *, progress: Progress | None = None
    ) -> AnomalyScene:
        """Copy the scene into an array that workers map and run the classical detectors; see :meth:`Dataset.prepare`.

        ``image_size`` must be 1, since single pixels are detected. Progress counts rows.
        """
        source = self.locate(data_root)
        refuse_image_size(self.name, image_size)
        return prepare(self, source, cache_root, progress)

    def check(self, data_root: Path, progress: Progress | None = None) -> AnomalyCheck:
        """Read the whole scene."""
        return AnomalyCheck.of(self.locate(data_root), progress)
