"""Scene classification: one label an image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from rsbench.datasets.partition import TrainingSamples
from rsbench.datasets.scenes.prepared import Scenes
from rsbench.loaders.batches import Batch
from rsbench.loaders.images import Pictures
from rsbench.models import own
from rsbench.models import torchvision as models
from rsbench.results import correctness
from rsbench.tasks import evaluate
from rsbench.tasks.base import Networks
from rsbench.tasks.classification import Classification


class SceneClassification(Classification):
    """Images of one size, torchvision's networks and a small one."""

    name = "scenes"
    input_words = ("an image",)
    data: Scenes

    @classmethod
    def models(cls) -> list[str]:
        """Return torchvision's names and that of a small network."""
        return models.names()

    @classmethod
    def build(
        cls, model: str, inputs: Mapping[str, int], *, image_size: int, weights: str | None = None
    ) -> dict[str, nn.Module]:
        """Build a network by name, or an own one, with random or given weights."""
        if own.is_own(model):
            sizes = {"num_classes": inputs["classes"], "in_channels": 3, "image_size": image_size}
            return {"": own.build(model, sizes, weights=weights)}
        return {"": models.build(model, classes=inputs["classes"], image_size=image_size, weights=weights)}

    @classmethod
    def example(cls, inputs: Mapping[str, int], *, image_size: int, samples: int) -> Batch:
        """Return images [B, 3, H, W] and labels [B]."""
        return torch.empty(samples, 3, image_size, image_size), torch.zeros(samples, dtype=torch.int64)

    def open(self) -> Scenes:
        """Return the decoded images."""
        return Scenes.load(self.folder)

    def make_reader(self, train: NDArray[np.int64]) -> Pictures:
        """Return what reads images, scaled by the statistics of those that train."""
        return Pictures(self.data, train, self.device, channels_last=self.cell.channels_last)

    def test(self, networks: Networks) -> dict[str, Any]:
        """Score the test images, and keep which of them were right, in the order of their positions."""
        answers = self.answers(networks, self.parts.test)
        right = answers["truth"] == answers["predicted"]
        return {**evaluate.scores(answers, len(self.data.class_names)), "correct": correctness.packed(right)}

    @property
    def training_samples(self) -> TrainingSamples:
        """The training images with their classes."""
        classes = len(self.data.class_names)
        return TrainingSamples(positions=self.train, labels=self.data.labels()[self.train], classes=classes)

    @property
    def samples(self) -> NDArray[np.int64]:
        """Positions of a few images: with 8 bits a value, all are sound if their scaling is."""
        return self.train[:256]
