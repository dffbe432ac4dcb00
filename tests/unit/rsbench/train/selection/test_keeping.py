"""Which samples are kept, by their scores or at random."""

from __future__ import annotations

import hashlib

import numpy as np

from rsbench.recipe.prune import Prune, parse_prune
from rsbench.train.selection.keeping import kept, lost_classes_warning, selection_record


def test_the_highest_scores_are_kept_and_some_of_equal_ones_are_drawn() -> None:
    scores = np.array([0.0, 3.0, 1.0, 1.0, 2.0, 1.0])
    drawn = {tuple(kept(parse_prune("tdds:0.5"), scores, seed).tolist()) for seed in range(20)}
    assert drawn == {(1, 2, 4), (1, 3, 4), (1, 4, 5)}
    assert kept(parse_prune("el2n:0.8"), scores, seed=1).tolist() == [1, 2, 3, 4, 5]
    assert kept(parse_prune("forgetting:0.01"), scores, seed=1).tolist() == [1]


def test_equal_scores_of_samples_sorted_by_class_keep_about_as_many_of_each_class() -> None:
    labels = np.repeat(np.arange(10), 100)
    places = kept(parse_prune("forgetting:0.5"), np.zeros(1000), seed=0)
    of_class = np.bincount(labels[places], minlength=10)
    assert of_class.sum() == 500
    assert 35 <= of_class.min() <= of_class.max() <= 65
    assert places.tolist() == kept(parse_prune("forgetting:0.5"), np.zeros(1000), seed=0).tolist()


def test_a_random_draw_depends_on_the_seed_alone() -> None:
    half = parse_prune("random:0.5")
    first, again, other = kept(half, np.zeros(100), 3), kept(half, np.ones(100), 3), kept(half, np.zeros(100), 4)
    assert first.tolist() == again.tolist() != other.tolist()
    assert len(set(first.tolist())) == 50
    assert (np.diff(first) > 0).all()
    assert 35 < first.mean() < 65


def test_none_keeps_all() -> None:
    assert kept(Prune(), np.zeros(4), seed=0).tolist() == [0, 1, 2, 3]


def test_a_record_tells_what_is_kept_of_what() -> None:
    positions, labels = np.array([3, 5, 8, 9]), np.array([0, 1, 1, 2])
    record = selection_record(parse_prune("el2n:0.5"), np.array([1, 3]), positions, labels, classes=4, score_bytes=7)
    assert (record["text"], record["kept"], record["of"], record["score_bytes"]) == ("el2n:0.5", 2, 4, 7)
    assert (record["kept_per_class"], record["all_per_class"]) == ([0, 1, 1, 0], [1, 2, 1, 0])
    assert record["positions_sha256"] == hashlib.sha256(np.array([5, 9], "<i8").tobytes()).hexdigest()


def test_lost_classes_are_named_and_those_without_samples_are_not() -> None:
    assert lost_classes_warning([0, 1, 0], [4, 2, 0], ["a", "b", "c"]) == (
        "The selection keeps no sample of a: nothing is learnt of what is never seen."
    )
    assert "a, b, c, d, e and 2 more:" in lost_classes_warning([0] * 7, [1] * 7, list("abcdefg"))
    assert lost_classes_warning([1], [3], ["a"]) == ""
