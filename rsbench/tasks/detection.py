"""What tasks of detection in one hyperspectral scene have in common."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rsbench.datasets.partition import TrainingSamples
from rsbench.datasets.targets.prepared_scene import PreparedScene
from rsbench.tasks.base import Task


class SceneDetection(Task):
    """Training on pixels of one scene, and a score for each pixel of it."""

    scene: PreparedScene
    val: NDArray[np.int64]
    """Positions of the pixels that validate; set by each task's constructor, as is the scene."""
    sought: ClassVar[str]
    """What is detected."""
    split_words: ClassVar[str]
    """Which pixels train, validate and test."""

    @property
    def inputs(self) -> dict[str, int]:
        """The number of bands."""
        return {"bands": self.scene.bands}

    @property
    def samples(self) -> NDArray[np.int64]:
        """Positions of those that train, then of all."""
        return np.concatenate([self.train, np.arange(self.scene.pixels)])

    @property
    def training_samples(self) -> TrainingSamples:
        """The training pixels with the scene's height and width; all are background, so there are no classes."""
        return TrainingSamples(positions=self.train, shape=(self.scene.height, self.scene.width))

    def facts(self) -> dict[str, Any]:
        """Return a record's ``dataset`` section, with the scene's shape."""
        scene = self.scene
        return {
            "name": scene.name,
            "title": scene.title,
            "task": self.name,
            "classes": ["background", self.sought],
            "train": len(self.train),
            "val": len(self.val),
            "test": scene.pixels,
            "split": self.split_words,
            "fingerprint": scene.fingerprint,
            "part": scene.part,
            "synthetic": scene.synthetic,
            "shape": [scene.height, scene.width, scene.bands],
            "halo": scene.halo,
            "warnings": list(scene.warnings),
            **self.partition_facts(),
        }
