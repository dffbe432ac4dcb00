"""The network of BSDM: it predicts the noise in single spectra."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import nn

WIDTH, OFFSET, TIME = 128, 512, 512
"""Of the spectra's features, of the statistical offset's hidden layer, and of the step's embedding."""
LAYERS: Final = ((128, 200, 100), (100, 200, 50), (50, 100, 50), (50, 100, 50), (50, 200, 100), (100, 200, 128))
"""(inputs, hidden features, outputs) of the residual layers."""
_LONGEST: Final = 10_000.0
"""The longest wave of the step's embedding, as transformers have it."""


class ResidualLayer(nn.Module):
    """Two blocks of layer norm and Tanh with the step's embedding between them, beside a skip.

    Args:
        inputs: features that come in.
        hidden: features of the first block's hidden layer.
        outputs: features that go out.
    """

    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.Sequential(
            nn.LayerNorm(inputs), nn.Tanh(), nn.Linear(inputs, hidden), nn.Tanh(), nn.Linear(hidden, outputs)
        )
        self.time = nn.Linear(TIME, outputs)
        self.second = nn.Sequential(nn.LayerNorm(outputs), nn.Tanh(), nn.Linear(outputs, outputs))
        self.skip = nn.Identity() if inputs == outputs else nn.Linear(inputs, outputs)

    def forward(self, x_NF: torch.Tensor, time_T: torch.Tensor) -> torch.Tensor:
        """Return features [N, outputs] of features [N, inputs] and the step's embedding."""
        features: torch.Tensor = self.second(self.first(x_NF) + self.time(time_T)) + self.skip(x_NF)
        return features


class Denoiser(nn.Module):
    """Predicts the noise in each spectrum from that spectrum alone; 945,777 parameters at 193 bands.

    A spectrum's mean and standard deviation over its bands are mapped to an offset of its features. The last layer
    begins at 0, as those of denoisers usually do: random outputs would be several times as large as the noise, and take
    longer to unlearn than all that is learnt after.

    Args:
        bands: of a spectrum.
        step: of the diffusion; the only one that is asked for.
    """

    def __init__(self, bands: int, step: int) -> None:
        super().__init__()
        self.spectrum = nn.Linear(bands, WIDTH)
        self.offset = nn.Sequential(nn.Linear(2, OFFSET), nn.Tanh(), nn.Linear(OFFSET, WIDTH))
        self.time = nn.Sequential(nn.Linear(WIDTH, TIME), nn.Tanh(), nn.Linear(TIME, TIME))
        self.layers = nn.ModuleList(ResidualLayer(*sizes) for sizes in LAYERS)
        last = nn.Linear(WIDTH, bands)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.last = nn.Sequential(nn.Tanh(), last)
        self._step = step

    def forward(self, noisy_NB: torch.Tensor) -> torch.Tensor:
        """Return the predicted noise [N, B] of noisy spectra."""
        std, mean = torch.std_mean(noisy_NB, dim=1, correction=0)
        features = self.spectrum(noisy_NB) + self.offset(torch.stack([mean, std], dim=1))
        time = self.time(_embedding(self._step, noisy_NB))
        for layer in self.layers:
            features = layer(features, time)
        noise: torch.Tensor = self.last(features)
        return noise


def _embedding(step: int, like: torch.Tensor) -> torch.Tensor:
    """Return sines and cosines of a step at wavelengths from 2 pi upwards, together :data:`WIDTH`, on a device."""
    half = WIDTH // 2
    waves = torch.exp(-math.log(_LONGEST) / half * torch.arange(half, dtype=like.dtype, device=like.device))
    return torch.cat([torch.sin(step * waves), torch.cos(step * waves)])
