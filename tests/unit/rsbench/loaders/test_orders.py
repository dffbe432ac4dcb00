"""The order of training: dealt anew as PyTorch does it, or one client's samples in passes that go on."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.utils.data import DistributedSampler, TensorDataset

from rsbench.loaders.orders import DealtAnew, OwnSamples


def test_samples_dealt_anew_are_those_of_the_distributed_sampler() -> None:
    positions = np.arange(100, 131)
    plain: DistributedSampler[object] = DistributedSampler(
        TensorDataset(torch.from_numpy(positions)), 4, 2, shuffle=True, seed=9
    )
    order = DealtAnew(positions, rank=2, workers=4, seed=9)
    assert order.samples == 8
    for epoch in (0, 1, 5):
        plain.set_epoch(epoch)
        assert order.epoch(epoch).tolist() == positions[list(plain)].tolist()


def walk(count: int, per_epoch: int, epochs: int, rank: int = 0, seed: int = 3) -> np.ndarray:
    order = OwnSamples(np.arange(count) + 1000, rank=rank, per_epoch=per_epoch, seed=seed)
    assert order.samples == count
    return np.stack([order.epoch(number) for number in range(epochs)])


@pytest.mark.parametrize(("count", "per_epoch"), [(7, 20), (20, 20), (33, 20), (50, 20), (1, 4)])
def test_passes_go_on_over_the_borders_of_epochs(count: int, per_epoch: int) -> None:
    epochs = 3 * count
    walked = walk(count, per_epoch, epochs)
    assert walked.shape == (epochs, per_epoch)
    for one_pass in walked.reshape(-1, count):
        assert np.array_equal(np.sort(one_pass), np.arange(count) + 1000), "each sample once in each pass"
    if count > 2:
        assert len({tuple(one_pass) for one_pass in walked.reshape(-1, count)}) > 1, "shuffled anew"


def test_an_epoch_asked_for_alone_is_the_same() -> None:
    order = OwnSamples(np.arange(33), rank=1, per_epoch=20, seed=5)
    late = order.epoch(7)
    assert np.array_equal(late, [order.epoch(number) for number in range(8)][7])


def test_ranks_and_seeds_differ() -> None:
    assert not np.array_equal(walk(30, 10, 2, rank=0), walk(30, 10, 2, rank=1))
    assert not np.array_equal(walk(30, 10, 2, seed=3), walk(30, 10, 2, seed=4))
