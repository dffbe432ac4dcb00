"""What a model of anomaly detection does: it learns a scene's background and leaves what is none."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from rsbench.datasets.anomalies.prepared import AnomalyScene
from rsbench.loaders.batches import Batch, Reader

Networks = Mapping[str, nn.Module]


class Suppression(ABC):
    """A way to suppress the background of a scene; without state, which is in its networks.

    A batch begins with scaled spectra [N, B].
    """

    name: ClassVar[str]
    """The name that the model's text begins with."""
    score_words: ClassVar[str]
    """What a pixel's score is."""

    @abstractmethod
    def build(self, model: str, bands: int) -> dict[str, nn.Module]:
        """Return the networks of a model's text, in the order of a step.

        Raises:
            RsbenchError: an option is wrong.
        """

    @abstractmethod
    def reader(self, scene: AnomalyScene, device: torch.device, seed: int) -> Reader:
        """Return what reads batches of a scene, scaled as the networks want them."""

    @abstractmethod
    def losses(self, networks: Networks, batch: Batch) -> Iterator[tuple[str, torch.Tensor]]:
        """Yield the losses of a training step."""

    @abstractmethod
    def loss(self, networks: Networks, batch: Batch) -> torch.Tensor:
        """Return the loss that validation compares, a mean over pixels, without gradients to keep."""

    @abstractmethod
    def suppress(self, networks: Networks, batch: Batch) -> torch.Tensor:
        """Return what is left of a batch's scaled spectra without their background, [N, B]."""

    @abstractmethod
    def score(self, left_NB: NDArray[np.float32], detected: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
        """Return the scores [N] that the model is judged by, larger for anomalies.

        Args:
            left_NB: what is left of all pixels.
            detected: detector -> its scores [N] of what is left.
        """

    def noise_variance(self, reader: Reader) -> float | None:
        """Return the variance of the noise that is predicted, which is the loss of its mean; None without noise."""
        return None

    def facts(self, model: str) -> dict[str, Any]:
        """Return what a record says of the method."""
        return {"score": self.score_words}
