"""Batches of training samples: shuffled and augmented, the same for every compressor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from rsbench.loaders.orders import Order

Batch = tuple[torch.Tensor, ...]
"""Inputs of one worker's step, and labels where there are any."""


class PlacedBatch(tuple[torch.Tensor, ...]):
    """A training batch that knows which samples it has.

    Args:
        tensors: of the batch.
        positions: as the attribute.

    Attributes:
        positions: of the batch's first samples, shape [m]; samples beyond them repeat others of the same epoch.
    """

    positions: NDArray[np.int64]

    @classmethod
    def of(cls, tensors: Batch, positions: NDArray[np.int64]) -> PlacedBatch:
        """Return the batch with its positions."""
        batch = cls(tensors)
        batch.positions = positions
        return batch


class Reader(Protocol):
    """Reads samples by their positions, such as images of decoded scenes."""

    def read(self, positions: NDArray[np.int64], rng: torch.Generator | None) -> Batch:
        """Return the inputs, each [B, ...], then the labels [B]; ``rng`` draws augmentations, None leaves them out."""


class TrainBatches:
    """One rank's walk over the training samples, epoch by epoch.

    Args:
        reader: reads the samples.
        order: which samples this rank sees, and when.
        rank: this rank.
        batch_size: samples per rank and step.
        steps: steps per epoch.
        seed: equal on all ranks; augmentation differs between them.
        whole: the last batch of an epoch takes all samples that are left, be they fewer or more than a batch;
            otherwise all batches have the same size, and samples are left out.
    """

    def __init__(
        self, reader: Reader, order: Order, *, rank: int, batch_size: int, steps: int, seed: int, whole: bool = False
    ) -> None:
        self._reader, self._order, self._batch_size, self._steps = reader, order, batch_size, steps
        self._whole = whole
        self._rng = torch.Generator().manual_seed(seed + 7919 * (rank + 1))

    @property
    def samples(self) -> int:
        """How many training samples count as this rank's, n_k."""
        return self._order.samples

    def walk(self, step: int = 0) -> Iterator[PlacedBatch]:
        """Yield the inputs and labels of all steps from one on, epoch after epoch without end.

        Args:
            step: of the phase, from 0; where it is not the first, the draws of augmentation must have been restored.
        """
        first = step // self._steps
        for number in count(first):
            yield from self.epoch(number, begin=step % self._steps if number == first else 0)

    def epoch(self, number: int, *, begin: int = 0) -> Iterator[PlacedBatch]:
        """Yield the inputs and labels of one epoch, from a step of it on."""
        positions = self._order.epoch(number)
        ends = self._batch_size * np.arange(1, self._steps + 1)
        if self._whole:
            ends[-1] = len(positions)
        once = positions[: len(positions) - self._order.repeats]
        for step in range(begin, self._steps):
            taken = slice(step * self._batch_size, ends[step])
            yield PlacedBatch.of(self._reader.read(positions[taken], self._rng), once[taken])

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Return where the draws of augmentation stand."""
        return {"rng": self._rng.get_state()}

    def load_state_dict(self, state: Mapping[str, torch.Tensor]) -> None:
        """Restore what :meth:`state_dict` gave."""
        self._rng.set_state(state["rng"])


class OneInput:
    """Reads samples with one of their inputs only; the others are 0, the mean of scaled inputs.

    Args:
        reader: reads whole samples, whose last tensor is the labels.
        kept: place of the input that stays.
    """

    def __init__(self, reader: Reader, kept: int) -> None:
        self._reader, self._kept = reader, kept

    def read(self, positions: NDArray[np.int64], rng: torch.Generator | None) -> Batch:
        """Return what the reader returns, all inputs but one zero."""
        *inputs, labels = self._reader.read(positions, rng)
        seen = (x if place == self._kept else torch.zeros_like(x) for place, x in enumerate(inputs))
        return (*seen, labels)
