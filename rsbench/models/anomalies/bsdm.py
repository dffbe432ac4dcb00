"""BSDM: a denoiser that learned noise of the background's statistics takes the background off a scene.

After Ma, Xie, Li and Fang, "BSDM: Background suppression diffusion model for hyperspectral anomaly detection",
arXiv 2307.09861. Written from the description, no port: docs/bsdm.md tells what is certain and what is ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from rsbench.datasets.anomalies.prepared import AnomalyScene
from rsbench.loaders.batches import Batch, Reader
from rsbench.loaders.spectra import NoisySpectra
from rsbench.models.anomalies.base import Networks, Suppression
from rsbench.models.anomalies.denoiser import Denoiser
from rsbench.models.anomalies.diffusion import STEP, Diffusion
from rsbench.recipe.bsdm import NAME, Mode, parse_bsdm


class NoisePredictor(nn.Module):
    """Adds noise to spectra and predicts it; K passes of it suppress a scene's background.

    Args:
        bands: of a spectrum.
        mode: how noise is weighed.
        k: passes of :meth:`suppress`, K.
    """

    def __init__(self, bands: int, mode: Mode, k: int) -> None:
        super().__init__()
        self.denoiser = Denoiser(bands, STEP)
        self.diffusion, self.k = Diffusion.of(mode), k

    def forward(self, spectra_NB: torch.Tensor, noise_NB: torch.Tensor, mean: torch.Tensor) -> torch.Tensor:
        """Return the predicted noise [N, B] of spectra with noise added; ``mean`` is the noise's, a number."""
        return self._predict(self.diffusion.add(spectra_NB, noise_NB), mean)

    def suppress(self, spectra_NB: torch.Tensor, mean: torch.Tensor) -> torch.Tensor:
        """Return spectra [N, B] after K passes ``x <- (x - g net(x)) / sqrt(abar)``, without noise added."""
        for _ in range(self.k):
            spectra_NB = self.diffusion.remove(spectra_NB, self._predict(spectra_NB, mean))
        return spectra_NB

    def _predict(self, noisy_NB: torch.Tensor, mean: torch.Tensor) -> torch.Tensor:
        """Return the predicted noise; the denoiser works on values about their known means.

        Biases could learn the means, so the functions are the same. About zero they are learnt in far fewer steps.
        """
        predicted: torch.Tensor = self.denoiser(noisy_NB - self.diffusion.add(mean, mean)) + mean
        return predicted


class Bsdm(Suppression):
    """Background suppression by one step of a diffusion, scored by RX."""

    name = NAME
    score_words = "RX after background suppression"

    def build(self, model: str, bands: int) -> dict[str, nn.Module]:
        """Return the one network of ``bsdm:mode=gamma,k=10``."""
        options = parse_bsdm(model)
        return {"": NoisePredictor(bands, options.mode, options.k)}

    def reader(self, scene: AnomalyScene, device: torch.device, seed: int) -> NoisySpectra:
        """Return what reads spectra between 0 and 1 with their noise."""
        return NoisySpectra(scene, device, seed=seed)

    def losses(self, networks: Networks, batch: Batch) -> Iterator[tuple[str, torch.Tensor]]:
        """Yield the mean square of predicted minus drawn noise over the noise's variance, which is 1 for its mean."""
        std = batch[2][1]
        yield "", self.loss(networks, batch) / std.square()

    def loss(self, networks: Networks, batch: Batch) -> torch.Tensor:
        """Return the mean square of predicted minus drawn noise."""
        spectra, noise, mean_std = batch
        return functional.mse_loss(networks[""](spectra, noise, mean_std[0]), noise)

    def suppress(self, networks: Networks, batch: Batch) -> torch.Tensor:
        """Return the spectra after K passes."""
        spectra, _, mean_std = batch
        bare: Any = getattr(networks[""], "module", networks[""])
        left: torch.Tensor = bare.suppress(spectra, mean_std[0])
        return left

    def score(self, left_NB: NDArray[np.float32], detected: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
        """Return RX's scores of the suppressed scene."""
        return detected["rx"]

    def noise_variance(self, reader: Reader) -> float | None:
        """Return the variance of the noise."""
        return reader.noise_variance if isinstance(reader, NoisySpectra) else None

    def facts(self, model: str) -> dict[str, Any]:
        """Return mode, K, the step t of the diffusion, and the weights of spectra and noise."""
        options = parse_bsdm(model)
        weights = Diffusion.of(options.mode)
        return {
            **super().facts(model),
            "mode": options.mode,
            "k": options.k,
            "t": STEP,
            "signal_weight": weights.signal,
            "noise_weight": weights.noise,
        }
