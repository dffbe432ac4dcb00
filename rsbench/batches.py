"""Batches of decoded images: shuffled, augmented, normalised; the same for every compressor."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset, DistributedSampler

from rsbench.datasets.scenes import Scenes


class Indices(Dataset[int]):
    """Positions of one part of a split; what DistributedSampler shuffles."""

    def __init__(self, positions: NDArray[np.int64]) -> None:
        self.positions = positions

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, item: int) -> int:
        return int(self.positions[item])


class Pictures:
    """Reads images of decoded scenes as normalised float32 tensors on a device.

    Args:
        scenes: decoded scenes; the memory map is shared by all workers of a machine.
        device: where batches go.
        channels_last: memory layout of batches.
    """

    def __init__(self, scenes: Scenes, device: torch.device, *, channels_last: bool) -> None:
        self._images, self._labels = scenes.images(), scenes.labels()
        mean, std = scenes.channel_mean_std()
        self._mean = torch.tensor(mean * 255, dtype=torch.float32, device=device).view(1, 3, 1, 1)
        self._scale = torch.tensor(1 / (std * 255), dtype=torch.float32, device=device).view(1, 3, 1, 1)
        self._device = device
        self._format = torch.channels_last if channels_last else torch.contiguous_format

    def read(self, positions: NDArray[np.int64], rng: torch.Generator | None) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (images [B, 3, H, W], labels [B]).

        Args:
            positions: rows of the scenes, shape [B].
            rng: draws one of the eight symmetries of the square per image; None leaves images as they are.
        """
        pixels = torch.from_numpy(np.ascontiguousarray(self._images[positions])).to(self._device)
        x = pixels.permute(0, 3, 1, 2).to(torch.float32)
        x = x.sub_(self._mean).mul_(self._scale).contiguous()
        if rng is not None:
            x = _symmetries(x, rng)
        y = torch.from_numpy(self._labels[positions]).to(self._device)
        return x.contiguous(memory_format=self._format), y


def _symmetries(x_BCHW: torch.Tensor, rng: torch.Generator) -> torch.Tensor:
    """Flip left-right, up-down and about the diagonal, each with probability one half, image by image."""
    choice = torch.rand(3, len(x_BCHW), generator=rng).lt(0.5).to(x_BCHW.device)
    left_right, up_down, diagonal = (flag.view(-1, 1, 1, 1) for flag in choice)
    x_BCHW = torch.where(left_right, x_BCHW.flip(3), x_BCHW)
    x_BCHW = torch.where(up_down, x_BCHW.flip(2), x_BCHW)
    return torch.where(diagonal, x_BCHW.transpose(2, 3), x_BCHW)


class TrainBatches:
    """One rank's endless walk over the training images, epoch by epoch.

    Args:
        pictures: reads the images.
        positions: training rows of the scenes.
        rank: this rank.
        workers: world size.
        batch_size: images per rank and step.
        steps: steps per epoch.
        seed: equal on all ranks; augmentation differs between them.
    """

    def __init__(
        self,
        pictures: Pictures,
        positions: NDArray[np.int64],
        *,
        rank: int,
        workers: int,
        batch_size: int,
        steps: int,
        seed: int,
    ) -> None:
        self._pictures, self._batch_size, self._steps = pictures, batch_size, steps
        dataset = Indices(positions)
        self._positions = positions
        self._sampler: DistributedSampler[int] = DistributedSampler(dataset, workers, rank, shuffle=True, seed=seed)
        self._rng = torch.Generator().manual_seed(seed + 7919 * (rank + 1))

    def epoch(self, number: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield the (images, labels) of one epoch."""
        self._sampler.set_epoch(number)
        order = np.fromiter(iter(self._sampler), dtype=np.int64)
        for step in range(self._steps):
            rows = order[step * self._batch_size : (step + 1) * self._batch_size]
            yield self._pictures.read(self._positions[rows], self._rng)
