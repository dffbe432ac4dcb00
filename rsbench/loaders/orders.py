"""In which order one rank sees training samples, epoch by epoch."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DistributedSampler, TensorDataset

_STREAM = 0x6F776E73


class Order(Protocol):
    """The samples of one rank in the order in which it trains on them."""

    @property
    def samples(self) -> int:
        """How many training samples count as this rank's, n_k."""

    @property
    def repeats(self) -> int:
        """How many of an epoch's last positions are there only to give all ranks equally many."""

    def epoch(self, number: int) -> NDArray[np.int64]:
        """Return the positions of one epoch; equal numbers give equal orders."""


class DealtAnew:
    """All samples shuffled in each epoch and dealt to the ranks: any rank may see any sample.

    Args:
        positions: of all training samples.
        rank: this rank.
        workers: world size.
        seed: equal on all ranks.
    """

    def __init__(self, positions: NDArray[np.int64], *, rank: int, workers: int, seed: int) -> None:
        dataset, self._positions = TensorDataset(torch.from_numpy(positions)), positions
        self._sampler: DistributedSampler[object] = DistributedSampler(dataset, workers, rank, shuffle=True, seed=seed)
        missing = len(self._sampler) * workers - len(positions)
        self._repeats = int(rank >= workers - missing)

    @property
    def samples(self) -> int:
        """Its share of an epoch, ceil(n / W), equal on all ranks."""
        return len(self._sampler)

    @property
    def repeats(self) -> int:
        """1 on the last ranks where the samples cannot be shared out evenly, else 0."""
        return self._repeats

    def epoch(self, number: int) -> NDArray[np.int64]:
        """Return this rank's share of one epoch's shuffle."""
        self._sampler.set_epoch(number)
        return self._positions[np.fromiter(iter(self._sampler), dtype=np.int64)]


class OwnSamples:
    """One client's samples in passes, each shuffled anew; an epoch goes on where the one before stopped.

    A client with fewer samples than an epoch takes begins its next pass within it; one with more needs some epochs
    until all had their turn.

    Args:
        positions: of this client's samples.
        rank: of this client.
        per_epoch: samples that an epoch takes, equal on all ranks.
        seed: of the repeat.
    """

    def __init__(self, positions: NDArray[np.int64], *, rank: int, per_epoch: int, seed: int) -> None:
        self._positions, self._per_epoch, self._seed = positions, per_epoch, (_STREAM, seed, rank)

    @property
    def samples(self) -> int:
        """The samples that this client owns."""
        return len(self._positions)

    @property
    def repeats(self) -> int:
        """None at an epoch's end."""
        return 0

    def epoch(self, number: int) -> NDArray[np.int64]:
        """Return the next ``per_epoch`` positions."""
        begin, own = number * self._per_epoch, len(self._positions)
        first, last = begin // own, (begin + self._per_epoch - 1) // own
        passes = np.concatenate([self._pass(turn) for turn in range(first, last + 1)])
        return passes[begin - first * own :][: self._per_epoch]

    def _pass(self, turn: int) -> NDArray[np.int64]:
        return np.random.default_rng([*self._seed, turn]).permutation(self._positions)
