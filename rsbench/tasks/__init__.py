"""Tasks: what data sets ask of models. One file and one line in the table each."""

from __future__ import annotations

from rsbench.tasks.anomalies import AnomalyDetection
from rsbench.tasks.base import Networks, Task
from rsbench.tasks.changes import ChangeDetection
from rsbench.tasks.pixels import PixelClassification
from rsbench.tasks.scenes import SceneClassification
from rsbench.tasks.targets import TargetDetection

__all__ = ["TASKS", "Networks", "Task"]

_CLASSES = (SceneClassification, PixelClassification, TargetDetection, ChangeDetection, AnomalyDetection)
TASKS: dict[str, type[Task]] = {cls.name: cls for cls in _CLASSES}
"""Name in :attr:`rsbench.datasets.Dataset.task` -> class; :data:`rsbench.metrics.TASKS` has its torch-free facts."""
