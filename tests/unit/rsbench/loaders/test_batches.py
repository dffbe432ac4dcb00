"""Batches of one rank, and samples of which one input is read."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from rsbench.loaders.batches import Batch, OneInput, TrainBatches
from rsbench.loaders.orders import OwnSamples


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
