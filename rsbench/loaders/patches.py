"""Batches of patches of a scene, gathered from its memory maps."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rsbench.datasets.pixels.prepared import Pixels
from rsbench.loaders.batches import Batch
from rsbench.loaders.images import symmetries
from rsbench.loaders.pinned import on_device

_CHUNK = 4096
"""Pixels that are scaled at a time when statistics are taken."""


class Modality:
    """One modality of a scene, scaled to mean 0 and standard deviation 1 over the training pixels, channel by channel.

    Args:
        array_HWC: memory map in its own dtype; 0 channels for a modality that there is not.
        train: flat positions of the training pixels.
        filled: flat mask of pixels without data; they become 0, the mean.
        repair: also put the mean where a value is no number.
        device: where batches go.
    """

    def __init__(
        self,
        array_HWC: NDArray[Any],
        train: NDArray[np.int64],
        filled: NDArray[np.bool_],
        device: torch.device,
        *,
        repair: bool,
    ) -> None:
        height, width, channels = array_HWC.shape
        self._flat = array_HWC.reshape(height * width, channels)
        self._filled, self._repair, self._device = filled, repair, device
        mean, std = channel_statistics(self._flat, train)
        self._mean = torch.tensor(mean, dtype=torch.float32, device=device)
        self._scale = torch.tensor(1 / np.where(std > 0, std, 1), dtype=torch.float32, device=device)

    def read(self, index_BPP: NDArray[np.int64]) -> torch.Tensor:
        """Return patches [B, C, P, P] of float32, channels last in memory.

        Args:
            index_BPP: flat positions of the pixels of each patch.
        """
        values = on_device(torch.from_numpy(np.take(self._flat, index_BPP, axis=0)), self._device)
        x_BPPC = values.to(torch.float32).sub_(self._mean).mul_(self._scale)
        if self._repair:
            x_BPPC = x_BPPC.nan_to_num_(0.0, 0.0, 0.0)
        empty = on_device(torch.from_numpy(self._filled[index_BPP]), self._device)
        return x_BPPC.masked_fill_(empty.unsqueeze(3), 0.0).permute(0, 3, 1, 2)


class Patches:
    """Reads square patches around pixels from both modalities; beyond the scene's border they are mirrored.

    Args:
        pixels: the converted scene; its memory maps are shared by all workers of a machine.
        train: flat positions of the training pixels, which the scaling is taken from (fill left out).
        side: of a patch, in pixels, odd.
        device: where batches go.
    """

    def __init__(self, pixels: Pixels, train: NDArray[np.int64], side: int, device: torch.device) -> None:
        labels_HW, filled = pixels.labels(), np.array(pixels.filled()).reshape(-1)
        self._labels = labels_HW.reshape(-1)
        height, self._width = labels_HW.shape
        half = side // 2
        self._rows = np.pad(np.arange(height) * self._width, half, mode="reflect")
        self._columns = np.pad(np.arange(self._width), half, mode="reflect")
        self._steps, self._device = np.arange(side), device
        train = train[~filled[train]] if not filled[train].all() else train
        repair = pixels.not_finite > 0
        self.hsi = Modality(pixels.hsi(), train, filled, device, repair=repair)
        self.aux = Modality(pixels.aux(), train, filled, device, repair=repair)

    def read(self, positions: NDArray[np.int64], rng: torch.Generator | None) -> Batch:
        """Return (HSI [B, bands, P, P], other modality [B, channels, P, P], labels [B] from 0).

        Args:
            positions: flat positions of the centres, shape [B].
            rng: draws one of the eight symmetries of the square per patch, for both modalities alike; None leaves
                patches as they are.
        """
        rows = self._rows[(positions // self._width)[:, None] + self._steps]
        columns = self._columns[(positions % self._width)[:, None] + self._steps]
        index_BPP = rows[:, :, None] + columns[:, None, :]
        if rng is not None:  # turning the few indices instead of all bands
            (turned,) = symmetries((torch.from_numpy(index_BPP).unsqueeze(1),), rng)
            index_BPP = turned.squeeze(1).numpy()
        y = on_device(torch.from_numpy(self._labels[positions].astype(np.int64) - 1), self._device)
        return self.hsi.read(index_BPP), self.aux.read(index_BPP), y


def channel_statistics(
    flat: NDArray[Any], positions: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and standard deviation of each channel over some pixels, values that are no number left out.

    Args:
        flat: ``[pixels, channels]``, read in pieces.
        positions: rows of it.
    """
    channels = flat.shape[1]
    count, total, squares = np.zeros(channels), np.zeros(channels), np.zeros(channels)
    shift = np.nan_to_num(flat[positions[0]].astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    for start in range(0, len(positions), _CHUNK):
        values = flat[positions[start : start + _CHUNK]].astype(np.float64) - shift
        known = np.isfinite(values)
        values[~known] = 0.0
        count += known.sum(axis=0)
        total += values.sum(axis=0)
        squares += np.square(values).sum(axis=0)
    count = np.maximum(count, 1)
    mean = total / count
    return mean + shift, np.sqrt(np.maximum(squares / count - mean**2, 0))
