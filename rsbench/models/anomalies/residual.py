"""The adversarial auto-encoder without a target: what it cannot return of a pixel is no background."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from rsbench.datasets.anomalies.prepared import AnomalyScene
from rsbench.errors import RsbenchError
from rsbench.loaders.batches import Batch
from rsbench.loaders.spectra import PlainSpectra
from rsbench.models import autoencoder
from rsbench.models.anomalies.base import Networks, Suppression


class Residual(Suppression):
    """The auto-encoder of target detection with nothing implanted, scored by the norm of its residual."""

    name = autoencoder.NAME
    score_words = "the norm of what the auto-encoder does not return"

    def build(self, model: str, bands: int) -> dict[str, nn.Module]:
        """Return the three networks; the model has no options."""
        if model != self.name:
            raise RsbenchError(f'The model "{model}" has options, but {self.name} takes none: write {self.name}.')
        return autoencoder.build(bands)

    def reader(self, scene: AnomalyScene, device: torch.device, seed: int) -> PlainSpectra:
        """Return what reads spectra with mean 0 and standard deviation 1 in each band."""
        return PlainSpectra(scene.scene(), scene.mean, scene.std, device)

    def losses(self, networks: Networks, batch: Batch) -> Iterator[tuple[str, torch.Tensor]]:
        """Yield the losses of the three networks."""
        spectra, *_ = batch
        return autoencoder.adversarial_losses(networks, spectra, spectra)

    def loss(self, networks: Networks, batch: Batch) -> torch.Tensor:
        """Return the mean square of what the auto-encoder does not return."""
        spectra, *_ = batch
        return functional.mse_loss(networks["autoencoder"](spectra)[1], spectra)

    def suppress(self, networks: Networks, batch: Batch) -> torch.Tensor:
        """Return the spectra without what the auto-encoder returns of them."""
        spectra, *_ = batch
        left: torch.Tensor = spectra - networks["autoencoder"](spectra)[1]
        return left

    def score(self, left_NB: NDArray[np.float32], detected: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
        """Return the norm of each residual."""
        norms: NDArray[np.float32] = np.linalg.norm(left_NB, axis=1).astype(np.float32)
        return norms
