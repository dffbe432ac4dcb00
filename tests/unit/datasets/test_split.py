"""Splits: per class, seeded, disjoint, complete."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsbench.datasets.split import choose
from rsbench.errors import RsbenchError

UCM_LABELS = np.repeat(np.arange(21), 100)
NWPU_LABELS = np.repeat(np.arange(45), 700)


def _per_class(labels: np.ndarray, positions: np.ndarray) -> set[int]:
    return set(np.bincount(labels[positions]).tolist())


@pytest.mark.parametrize(
    ("split", "labels", "counts"),
    [
        ("official", UCM_LABELS, (80, 10, 10)),
        ("50/10/40", UCM_LABELS, (50, 10, 40)),
        ("80/20", UCM_LABELS, (72, 8, 20)),
        ("10/90", NWPU_LABELS, (63, 7, 630)),
        ("20/80", NWPU_LABELS, (126, 14, 560)),
    ],
)
def test_protocols(split: str, labels: np.ndarray, counts: tuple[int, int, int]) -> None:
    drawn = choose(split, None, "", labels, seed=3)
    parts = (drawn.train, drawn.val, drawn.test)
    assert [_per_class(labels, part) for part in parts] == [{count} for count in counts]
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(len(labels)))
    assert all(part.dtype == np.int64 for part in parts)
    assert drawn.description.endswith(f"{len(drawn.train):,} train, {len(drawn.val):,} val, {len(drawn.test):,} test")


def test_the_seed_draws_training_and_validation() -> None:
    same = [choose("50/10/40", None, "", UCM_LABELS, seed=seed).train for seed in (5, 5, 6)]
    assert np.array_equal(same[0], same[1]) and not np.array_equal(same[0], same[2])


@pytest.mark.parametrize("split", ["official", "50/10/40", "80/20", "10/90", "random:50/10/40"])
def test_no_test_picture_of_one_seed_trains_or_validates_under_another(split: str) -> None:
    drawn = [choose(split, None, "", UCM_LABELS, seed=seed) for seed in (0, 1, 2, 2**32 - 1)]
    for one in drawn:
        assert np.array_equal(one.test, drawn[0].test)
        assert "one test part for all seeds" in one.description
    assert len({one.val.tobytes() for one in drawn}) == len(drawn), "validation follows the seed"


def test_the_test_part_is_no_seeds_own_draw() -> None:
    """It comes from a stream of its own, and spreads over each class instead of taking its first or last pictures."""
    fixed = choose("50/10/40", None, "", UCM_LABELS, seed=0).test
    redrawn = [choose("redrawn:50/10/40", None, "", UCM_LABELS, seed=seed).test for seed in range(30)]
    assert not any(np.array_equal(fixed, other) for other in redrawn)
    assert 40 < np.mean(fixed % 100) < 60


def test_redrawn_lets_the_seed_draw_the_test_part() -> None:
    one, again, other = (choose("redrawn:50/10/40", None, "", UCM_LABELS, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.test, again.test)
    shared = len(np.intersect1d(one.test, other.test)) / len(one.test)
    assert 0.3 < shared < 0.5, "as two draws of 40 % share by chance"
    assert one.description.startswith("50/10/40 per class, all three parts drawn anew with each seed: 1,050 train")


def test_redrawn_is_what_earlier_versions_drew() -> None:
    """Bit for bit, so that numbers made up to key version 2 can be made again: from the code of that time."""
    labels = np.repeat(np.arange(2), 10)
    drawn = choose("redrawn:50/10/40", None, "", labels, seed=3)
    assert [drawn.train.tolist(), drawn.val.tolist(), drawn.test.tolist()] == [
        [1, 3, 4, 6, 9, 11, 13, 15, 16, 19],
        [0, 10],
        [2, 5, 7, 8, 12, 14, 17, 18],
    ]
    two = choose("redrawn:60/40", None, "", labels, seed=3)
    assert [two.train.tolist(), two.val.tolist(), two.test.tolist()] == [
        [0, 1, 3, 6, 9, 10, 11, 13, 15, 19],
        [4, 16],
        [2, 5, 7, 8, 12, 14, 17, 18],
    ]


def test_the_draw_is_pinned() -> None:
    """Another numpy or an edit must not silently change which pictures are tested on."""
    drawn = choose("50/10/40", None, "", np.repeat(np.arange(2), 10), seed=0)
    assert [drawn.train.tolist(), drawn.val.tolist(), drawn.test.tolist()] == [
        [1, 3, 4, 6, 8, 10, 12, 13, 14, 15],
        [5, 18],
        [0, 2, 7, 9, 11, 16, 17, 19],
    ]


@pytest.mark.parametrize("text", ["", "80", "80/10", "80/20/0", "-10/110", "a/b", "10/20/30/40", "nan/50", "official2"])
def test_bad_texts(text: str) -> None:
    with pytest.raises(RsbenchError, match="is not understood"):
        choose(text, None, "", UCM_LABELS, seed=0)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(RsbenchError, match="seed -1 is negative"):
        choose("official", None, "", UCM_LABELS, seed=-1)


def test_a_split_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(RsbenchError, match="leaves no test image"):
        choose("80/10/10", None, "", np.array([0, 1, 0, 1]), seed=0)


@given(st.lists(st.integers(3, 40), min_size=1, max_size=6), st.sampled_from(["80/10/10", "34/33/33", "1/1/98"]))
def test_every_class_stands_in_every_part(counts: list[int], split: str) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    drawn = choose(split, None, "", labels, seed=0)
    parts = (drawn.train, drawn.val, drawn.test)
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(len(labels)))
    for part in parts:
        assert set(labels[part]) == set(range(len(counts)))


def test_lists_without_validation_give_a_tenth_of_train() -> None:
    labels = np.repeat(np.arange(2), 30)
    lists = {"train": tuple(range(20)) + tuple(range(30, 50)), "test": (*range(20, 30), *range(50, 60))}
    drawn = choose("official", lists, "the folders train, test", labels, seed=0)
    assert (len(drawn.train), len(drawn.val), len(drawn.test)) == (36, 4, 20)
    assert set(drawn.train) | set(drawn.val) == set(lists["train"])
    assert "validation 10 % of train" in drawn.description
