"""Pixels of a hyperspectral scene as batches of spectra."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rsbench.datasets.anomalies.prepared import AnomalyScene
from rsbench.datasets.targets.prepared import TargetScene
from rsbench.loaders.pinned import on_device


class ScaledPixels:
    """Reads pixels of a scene as scaled float32 spectra on a device.

    Args:
        scene_HWB: its memory map is shared by all workers of a machine.
        zero: what becomes 0, one number or one a band.
        unit: what becomes 1 more, one number or one a band.
        device: where spectra go.
    """

    def __init__(
        self,
        scene_HWB: NDArray[Any],
        zero: float | Sequence[float],
        unit: float | Sequence[float],
        device: torch.device,
    ) -> None:
        self._pixels_NB = scene_HWB.reshape(-1, scene_HWB.shape[2])
        self._zero, self._unit = (
            torch.tensor(numbers, dtype=torch.float64).float().to(device) for numbers in (zero, unit)
        )
        self._device = device

    def scaled(self, positions: NDArray[np.int64]) -> torch.Tensor:
        """Return scaled spectra [N, B] in the order of the positions, which serves the disk where they ascend."""
        pixels = torch.from_numpy(self._pixels_NB[positions].astype(np.float32, copy=False))
        return on_device(pixels, self._device).sub_(self._zero).div_(self._unit)


class Spectra(ScaledPixels):
    """Reads pixels of a target-detection scene, with the target's spectrum.

    Args:
        scene: its memory map is shared by all workers of a machine.
        device: where batches go.
    """

    def __init__(self, scene: TargetScene, device: torch.device) -> None:
        super().__init__(scene.scene(), scene.mean, scene.std, device)
        mean, std, target = (torch.tensor(one, dtype=torch.float64) for one in (scene.mean, scene.std, scene.target))
        self.target = ((target - mean) / std).float().to(device)

    def read(self, positions: NDArray[np.int64], rng: torch.Generator | None) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (scaled spectra [N, B], scaled target [B]) in ascending order of the positions.

        A batch has no order. Nothing is drawn from ``rng``.
        """
        return self.scaled(np.sort(positions)), self.target


class PlainSpectra(ScaledPixels):
    """Reads pixels of a scene alone."""

    def read(self, positions: NDArray[np.int64], rng: torch.Generator | None) -> tuple[torch.Tensor]:
        """Return scaled spectra [N, B] in ascending order of the positions; nothing is drawn from ``rng``."""
        return (self.scaled(np.sort(positions)),)


class NoisySpectra(ScaledPixels):
    """Reads pixels of a scene, scaled to 0..1 as a whole, with the noise of each.

    The noise is normal, with the mean and the standard deviation of the scaled scene. It is drawn once for the whole
    scene, so that a pixel has the same noise in every epoch and whichever rank reads it.

    Args:
        scene: its memory map is shared by all workers of a machine; the noise, as large in float32, is not.
        device: where batches go.
        seed: of the noise.
    """

    def __init__(self, scene: AnomalyScene, device: torch.device, *, seed: int) -> None:
        span = scene.high - scene.low or 1.0
        super().__init__(scene.scene(), scene.low, span, device)
        rng = np.random.default_rng([seed, 0x6E6F6973])
        self._noise_NB = rng.standard_normal(self._pixels_NB.shape, dtype=np.float32)
        self._noise_NB *= np.float32(scene.cube_std / span)
        mean = (scene.cube_mean - scene.low) / span
        self._noise_NB += np.float32(mean)
        self._mean_std = torch.tensor([mean, scene.cube_std / span], dtype=torch.float32, device=device)
        self.noise_variance = (scene.cube_std / span) ** 2

    def read(
        self, positions: NDArray[np.int64], rng: torch.Generator | None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return (scaled spectra [N, B], noise [N, B], the noise's mean and standard deviation [2]).

        Pixels are in ascending order of the positions. Nothing is drawn from ``rng``.
        """
        ascending = np.sort(positions)
        noise = on_device(torch.from_numpy(self._noise_NB[ascending]), self._device)
        return self.scaled(ascending), noise, self._mean_std
