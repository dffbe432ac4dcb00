"""The one step of a diffusion that BSDM trains and applies: noise is added to spectra, and taken off again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import torch

from rsbench.recipe.bsdm import Mode

STEPS: Final = 1000
"""Of the diffusion, T."""
STEP: Final = 500
"""The only one that is trained and applied, t."""
FIRST_BETA, LAST_BETA = 1e-4, 0.02
"""Of the linear schedule."""


@dataclass(frozen=True, kw_only=True)
class Diffusion:
    """``x_t = signal x_0 + noise z`` at the step t.

    Attributes:
        signal: the weight of the spectra, sqrt(abar_t).
        noise: the weight of the noise.
    """

    signal: float
    noise: float

    @classmethod
    def of(cls, mode: Mode) -> Self:
        """Return the weights of a mode.

        ``alpha`` weighs the noise by ``sqrt(1 - abar_t)``, so that the variances add up. ``gamma`` weighs it by
        ``sum_{s<t} sqrt(beta_s prod_{s<=u<t} alpha_u)``, which is far larger.
        """
        betas = np.linspace(FIRST_BETA, LAST_BETA, STEPS)
        kept = np.cumprod(1 - betas)
        signal = float(np.sqrt(kept[STEP]))
        if mode == "alpha":
            return cls(signal=signal, noise=float(np.sqrt(1 - kept[STEP])))
        before = np.concatenate([[1.0], kept])[:STEP]
        return cls(signal=signal, noise=float(np.sqrt(betas[:STEP] * kept[STEP - 1] / before).sum()))

    def add(self, spectra_NB: torch.Tensor, noise_NB: torch.Tensor) -> torch.Tensor:
        """Return noisy spectra [N, B]."""
        return self.signal * spectra_NB + self.noise * noise_NB

    def remove(self, noisy_NB: torch.Tensor, predicted_NB: torch.Tensor) -> torch.Tensor:
        """Return spectra [N, B] without the noise that was predicted."""
        return (noisy_NB - self.noise * predicted_NB) / self.signal
