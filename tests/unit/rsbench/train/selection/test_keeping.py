"""Which samples are kept, by their scores or at random."""

from __future__ import annotations

import numpy as np

from rsbench.recipe.prune import Prune, parse_prune
from rsbench.train.selection.keeping import kept


def test_the_highest_scores_are_kept_and_of_equal_ones_the_first() -> None:
    scores = np.array([0.0, 3.0, 1.0, 1.0, 2.0, 1.0])
    assert kept(parse_prune("tdds:0.5"), scores, seed=0).tolist() == [1, 2, 4]
    assert kept(parse_prune("el2n:0.67"), scores, seed=1).tolist() == [1, 2, 3, 4]
    assert kept(parse_prune("forgetting:0.01"), scores, seed=1).tolist() == [1]


def test_a_random_draw_depends_on_the_seed_alone() -> None:
    half = parse_prune("random:0.5")
    first, again, other = kept(half, np.zeros(100), 3), kept(half, np.ones(100), 3), kept(half, np.zeros(100), 4)
    assert first.tolist() == again.tolist() != other.tolist()
    assert len(set(first.tolist())) == 50
    assert (np.diff(first) > 0).all()
    assert 35 < first.mean() < 65


def test_none_keeps_all() -> None:
    assert kept(Prune(), np.zeros(4), seed=0).tolist() == [0, 1, 2, 3]
