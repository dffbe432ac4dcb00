"""Batches of one rank, and samples of which one input is read."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from itertools import islice

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from rsbench.loaders.batches import Batch, OneInput, PlacedBatch, TrainBatches
from rsbench.loaders.orders import DealtAnew, OwnSamples
from rsbench.loaders.prefetch import one_ahead


class Pairs:
    """Reads (position, -position, label)."""

    def read(self, positions: NDArray[np.int64], rng: torch.Generator | None) -> Batch:
        x = torch.from_numpy(positions).float().view(-1, 1)
        return x, -x, torch.from_numpy(positions % 2)


@pytest.mark.parametrize(("count", "sizes"), [(3, [4, 4]), (40, [4, 4])])
def test_every_client_takes_as_many_steps_of_as_many_samples(count: int, sizes: list[int]) -> None:
    order = OwnSamples(np.arange(count), rank=0, per_epoch=8, seed=1)
    batches = TrainBatches(Pairs(), order, rank=0, batch_size=4, steps=2, seed=1)
    assert batches.samples == count
    for epoch in range(3):
        assert [len(x) for x, *_ in batches.epoch(epoch)] == sizes


@pytest.mark.parametrize("kept", [0, 1])
def test_of_one_input_the_other_is_the_mean(kept: int) -> None:
    positions = np.array([3, 8, 5])
    whole, seen = Pairs().read(positions, None), OneInput(Pairs(), kept).read(positions, None)
    assert torch.equal(seen[kept], whole[kept]) and torch.equal(seen[2], whole[2])
    assert torch.equal(seen[1 - kept], torch.zeros(3, 1))


@pytest.mark.parametrize(("count", "workers"), [(80, 3), (81, 3), (7, 4), (8, 2)])
def test_whole_epochs_show_each_sample_and_know_which_are_repeats(count: int, workers: int) -> None:
    share, seen, once = -(-count // workers), list[float](), list[int]()
    for rank in range(workers):
        order = DealtAnew(np.arange(count), rank=rank, workers=workers, seed=3)
        batches = TrainBatches(Pairs(), order, rank=rank, batch_size=4, steps=max(1, share // 4), seed=1, whole=True)
        epoch = list(batches.epoch(2))
        assert sum(len(x) for x, *_ in epoch) == share
        for batch in epoch:
            assert batch[0].flatten()[: len(batch.positions)].tolist() == batch.positions.tolist()
            seen += batch[0].flatten().tolist()
            once += batch.positions.tolist()
    assert len(seen) == share * workers
    assert sorted(once) == list(range(count))


def test_positions_stay_with_a_batch_that_is_read_ahead() -> None:
    batches = TrainBatches(
        Pairs(), OwnSamples(np.arange(8), rank=0, per_epoch=8, seed=1), rank=0, batch_size=4, steps=2, seed=1
    )
    ahead = islice(one_ahead(batches.walk(), Beside()), 3)
    for batch in ahead:
        assert isinstance(batch, PlacedBatch)
        assert batch[0].flatten().tolist() == batch.positions.tolist()


class Beside:
    """A stream of copies that is none."""

    def reading(self) -> AbstractContextManager[object]:
        return nullcontext()

    def hand_over(self, batch: Batch) -> None:
        pass
