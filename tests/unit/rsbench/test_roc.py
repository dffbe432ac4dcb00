"""Areas under the curves against scikit-learn and plain integration."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from rsbench import roc


def drawn(targets: int, background: int, *, decimals: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Scores with ties."""
    rng = np.random.default_rng(targets + background)
    return rng.normal(1, 1, targets).round(decimals), rng.normal(0, 1, background).round(decimals)


@pytest.mark.parametrize(("targets", "background"), [(1, 1), (3, 500), (700, 90), (200, 40_000)])
@pytest.mark.parametrize("decimals", [0, 3])
def test_area_is_scikit_learns(targets: int, background: int, decimals: int) -> None:
    t, b = drawn(targets, background, decimals=decimals)
    expected = roc_auc_score(np.repeat([1, 0], [targets, background]), np.concatenate([t, b]))
    assert roc.scores(t, b)["auc_pd_pf"] == pytest.approx(expected, abs=1e-12)


def test_areas_against_the_threshold_are_integrals_of_the_shares() -> None:
    t, b = drawn(150, 3000)
    low, high = min(t.min(), b.min()), max(t.max(), b.max())
    taus = (np.arange(20_000) + 0.5) / 20_000
    areas = roc.scores(t, b)
    for name, side in (("auc_pd_tau", t), ("auc_pf_tau", b)):
        scaled = np.sort((side - low) / (high - low))
        share = 1 - np.searchsorted(scaled, taus) / len(side)
        assert areas[name] == pytest.approx(share.mean(), abs=1e-4)


def test_areas_do_not_depend_on_scale_and_offset() -> None:
    t, b = drawn(30, 300)
    first, second = roc.scores(t, b), roc.scores(40 * t - 7, 40 * b - 7)
    for name in ("auc_pd_pf", "auc_pd_tau", "auc_pf_tau"):
        assert first[name] == pytest.approx(second[name])


def test_curve_is_short_and_has_its_ends() -> None:
    t, b = drawn(5000, 50_000, decimals=6)
    curve = np.array(roc.scores(t, b)["roc"])
    assert len(curve) == roc.ROC_POINTS
    assert curve[0].tolist() == [0, 0] and curve[-1].tolist() == [1, 1]
    assert (np.diff(curve, axis=0) >= 0).all()
    assert np.trapezoid(curve[:, 1], curve[:, 0]) == pytest.approx(roc.scores(t, b)["auc_pd_pf"], abs=2e-3)


def test_scores_that_are_all_equal_are_chance() -> None:
    areas = roc.scores(np.ones(3), np.ones(5))
    assert (areas["auc_pd_pf"], areas["auc_pd_tau"], areas["auc_pf_tau"]) == (0.5, 0, 0)


def test_without_halo_marks_are_taken_as_they_are() -> None:
    scores, truth = np.arange(12.0).reshape(3, 4), np.zeros((3, 4), np.uint8)
    truth[0, 1] = truth[2, 2] = 1
    t, b = roc.sides(scores, truth)
    assert t.tolist() == [1, 10]
    assert sorted([*t, *b]) == list(range(12))


def test_a_halo_takes_the_largest_score_around_a_mark_and_leaves_its_pixels_out() -> None:
    scores, truth = np.zeros((9, 9)), np.zeros((9, 9), np.uint8)
    truth[4, 4] = truth[0, 8] = 1
    scores[6, 6], scores[7, 4], scores[1, 7] = 5, 9, 3  # within 2 pixels, outside, within
    t, b = roc.sides(scores, truth, halo=2)
    assert sorted(t) == [3, 5]
    assert len(b) == 81 - 25 - 9 + 1  # squares of 25 and, in the corner, 9 pixels that share one
    assert b.max() == 9
