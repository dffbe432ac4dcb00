"""Tiles of two dates as batches: scaling, and each augmentation by itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from rsbench import datasets
from rsbench.datasets.changes.prepared import Changes
from rsbench.loaders import pairs
from rsbench.loaders.pairs import Pairs, crops, exchanged

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def changes(tmp_path_factory: pytest.TempPathFactory) -> Changes:
    prepared = datasets.get("synthetic-changes").prepare(Path("/nowhere"), tmp_path_factory.mktemp("cache"), 32)
    assert isinstance(prepared, Changes)
    return prepared


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_without_a_generator_tiles_are_only_scaled(changes: Changes) -> None:
    train = changes.split("official", 0).train
    before, after, labels, _ = Pairs(changes, train, CPU, channels_last=False).read(train, None)
    assert before.shape == after.shape == (len(train), 3, 32, 32) and before.dtype == torch.float32
    assert labels.dtype == torch.int64 and np.array_equal(labels.numpy(), changes.labels()[train])
    both = torch.cat([before, after]).double()
    assert torch.allclose(both.mean((0, 2, 3)), torch.zeros(3, dtype=torch.float64), atol=1e-5)
    assert torch.allclose(both.std((0, 2, 3), correction=0), torch.ones(3, dtype=torch.float64), atol=1e-5)
    mean, std = changes.channel_mean_std(train)
    pixel = (changes.before()[train[3], 5, 7] - mean) / std
    assert np.allclose(before[3, :, 5, 7].numpy(), pixel, atol=1e-5)


def test_a_batch_ends_with_the_weights_of_the_training_tiles_classes(changes: Changes) -> None:
    train = changes.split("official", 0).train
    reader = Pairs(changes, train, CPU, channels_last=False)
    for rng in (None, generator(0)):
        *_, weights = reader.read(train[:2], rng)
        assert weights.dtype == torch.float32
        assert np.allclose(weights.numpy(), changes.class_weights(train))


def test_a_generator_gives_the_same_draws_to_all_three(changes: Changes) -> None:
    """Labels of one roof's colour: where both dates are the label itself, they stay the label."""
    reader = Pairs(changes, np.arange(64), CPU, channels_last=True)
    labels = changes.labels()
    painted = np.repeat((labels * 200)[..., None], 3, axis=3)
    reader._before = reader._after = painted
    reader._mean, reader._scale = torch.zeros(1, 3, 1, 1), torch.ones(1, 3, 1, 1)
    before, after, turned, _ = reader.read(np.arange(64), generator(1))
    assert before.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(before, after)
    assert not np.array_equal(turned.numpy(), labels[:64]), "nothing was turned"
    wrong = (before[:, 0].gt(100) != turned.eq(1)).float().mean()
    assert wrong < 0.003, "only half-way pixels of a resized border may round otherwise"


def test_training_batches_are_turned_cropped_and_exchanged(changes: Changes) -> None:
    reader = Pairs(changes, np.arange(64), CPU, channels_last=False)
    reader._mean, reader._scale = torch.zeros(1, 3, 1, 1), torch.ones(1, 3, 1, 1)
    ramp = np.broadcast_to(np.arange(32, dtype=np.uint8)[:, None, None], (64, 32, 32, 3)).copy()
    reader._before, reader._after = ramp, ramp + 100
    before, after, *_ = reader.read(np.arange(64), generator(2))
    swapped = (before.mean((1, 2, 3)) > after.mean((1, 2, 3))).float().mean()
    assert 0.25 < swapped < 0.75
    span = before.amax((1, 2, 3)) - before.amin((1, 2, 3))
    assert 0.25 < (span < 31).float().mean() < 0.75, "a crop shows fewer rows"
    leftwards = (before[:, 0, 0, -1] - before[:, 0, 0, 0]).abs() > 20
    assert 0.25 < leftwards.float().mean() < 0.75, "the diagonal makes columns of rows"


def test_the_exchange_swaps_exactly_the_two_dates() -> None:
    before, after = torch.rand(200, 3, 8, 8), torch.rand(200, 3, 8, 8)
    first, second = exchanged(before, after, generator(0))
    swapped = torch.tensor([torch.equal(first[i], after[i]) for i in range(200)])
    assert 70 < swapped.sum() < 130
    for i in range(200):
        one, other = (after, before) if swapped[i] else (before, after)
        assert torch.equal(first[i], one[i]) and torch.equal(second[i], other[i])


def test_crops_take_at_most_the_share_and_show_places_of_the_tile() -> None:
    side = 64
    rows = torch.arange(side, dtype=torch.float32).view(1, 1, side, 1).expand(300, 1, side, side)
    columns = rows.transpose(2, 3)
    y, x, _ = crops(rows, columns, torch.zeros(300, 1, side, side, dtype=torch.int64), generator(3))
    is_cropped = torch.tensor([not torch.equal(y[i], rows[i]) for i in range(300)])
    assert 110 < is_cropped.sum() < 190
    steps = (y[:, 0, 40, 0] - y[:, 0, 20, 0]) / 20  # pixels of the tile a pixel of the result
    off = ((1 - steps) * side).round()
    assert set(off[is_cropped].tolist()) == set(range(1, 8)), "1 to 60/512 of 64 pixels"
    starts = (y[is_cropped, 0, 32, 0] - 32.5 * steps[is_cropped] + 0.5).round()
    assert (starts >= 0).all() and (starts <= off[is_cropped]).all() and len(starts.unique()) > 4
    assert (x[:, 0, 0] == x[:, 0, -1]).all(), "columns do not lean"


def test_labels_are_resampled_to_the_nearest_and_unknown_stays_unknown() -> None:
    labels = torch.randint(0, 2, (100, 1, 32, 32), generator=generator(5))
    labels[:, :, :, :9] = 255
    dates = labels.float()
    before, _, cropped = crops(dates, dates, labels, generator(6))
    assert cropped.dtype == torch.int64 and set(cropped.unique().tolist()) == {0, 1, 255}
    assert len(before.unique()) > 3, "dates are interpolated"
    assert (cropped[:, :, :, :5] == 255).all() and (cropped[:, :, :, 10:] != 255).all()


def test_tiles_too_small_for_a_crop_stay_as_they_are() -> None:
    tile = torch.rand(4, 1, 8, 8)
    assert int(8 * pairs.CROP) == 0
    assert torch.equal(crops(tile, tile, tile.long(), generator(0))[0], tile)


def test_equal_generators_give_equal_batches(changes: Changes) -> None:
    reader = Pairs(changes, np.arange(32), CPU, channels_last=False)
    one, two, other = (reader.read(np.arange(32), generator(seed)) for seed in (7, 7, 8))
    assert all(map(torch.equal, one, two)) and not torch.equal(one[0], other[0])


def test_integers_that_torch_lacks_are_read(changes: Changes) -> None:
    reader = Pairs(changes, np.arange(4), CPU, channels_last=False)
    plain = reader.read(np.arange(4), None)[0]
    reader._before = changes.before().astype(np.uint16)
    assert torch.equal(reader.read(np.arange(4), None)[0], plain)
