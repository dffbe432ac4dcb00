"""Batches of training samples: shuffled and augmented, the same for every compressor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DistributedSampler, TensorDataset

Batch = tuple[torch.Tensor, ...]
"""Inputs of one worker's step, and labels where there are any."""


class Reader(Protocol):
    """Reads samples by their positions, such as images of decoded scenes."""

    def read(self, positions: NDArray[np.int64], rng: torch.Generator | None) -> Batch:
        """Return the inputs, each [B, ...], then the labels [B]; ``rng`` draws augmentations, None leaves them out."""


class TrainBatches:
    """One rank's walk over the training samples, epoch by epoch.

    Args:
        reader: reads the samples.
        positions: of the training samples.
        rank: this rank.
        workers: world size.
        batch_size: samples per rank and step.
        steps: steps per epoch.
        seed: equal on all ranks; augmentation differs between them.
    """

    def __init__(
        self,
        reader: Reader,
        positions: NDArray[np.int64],
        *,
        rank: int,
        workers: int,
        batch_size: int,
        steps: int,
        seed: int,
    ) -> None:
        self._reader, self._batch_size, self._steps = reader, batch_size, steps
        dataset, self._positions = TensorDataset(torch.from_numpy(positions)), positions
        self._sampler: DistributedSampler[object] = DistributedSampler(dataset, workers, rank, shuffle=True, seed=seed)
        self._rng = torch.Generator().manual_seed(seed + 7919 * (rank + 1))

    @property
    def samples(self) -> int:
        """This rank's training samples."""
        return len(self._sampler)

    def epoch(self, number: int) -> Iterator[Batch]:
        """Yield the inputs and labels of one epoch."""
        self._sampler.set_epoch(number)
        order = np.fromiter(iter(self._sampler), dtype=np.int64)
        for step in range(self._steps):
            rows = order[step * self._batch_size : (step + 1) * self._batch_size]
            yield self._reader.read(self._positions[rows], self._rng)
