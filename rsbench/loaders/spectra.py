"""Pixels of a hyperspectral scene as batches of spectra."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from rsbench.datasets.targets.prepared import TargetScene
from rsbench.loaders.pinned import on_device


class Spectra:
    """Reads pixels of a scene as scaled float32 spectra on a device.

    Args:
        scene: its memory map is shared by all workers of a machine.
        device: where batches go.
    """

    def __init__(self, scene: TargetScene, device: torch.device) -> None:
        self._pixels_NB = scene.scene().reshape(-1, scene.bands)
        self._mean, self._std, target = (
            torch.tensor(numbers, dtype=torch.float64) for numbers in (scene.mean, scene.std, scene.target)
        )
        self.target = ((target - self._mean) / self._std).float().to(device)
        self._mean, self._std = self._mean.float().to(device), self._std.float().to(device)
        self._device = device

    def read(self, positions: NDArray[np.int64], rng: torch.Generator | None) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (scaled spectra [N, B], scaled target [B]) in ascending order of the positions.

        That order serves the disk; a batch has none. Nothing is drawn from ``rng``.
        """
        pixels = torch.from_numpy(self._pixels_NB[np.sort(positions)].astype(np.float32, copy=False))
        return on_device(pixels, self._device).sub_(self._mean).div_(self._std), self.target
