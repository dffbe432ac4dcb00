"""CEM, ACE and RX against their formulas written plainly."""

from __future__ import annotations

import numpy as np
import pytest

from rsbench.datasets.targets import detectors
from rsbench.datasets.targets.detectors import RIDGE


@pytest.fixture
def pixels_NB() -> np.ndarray:
    rng = np.random.default_rng(0)
    mixed = rng.random((400, 5)) @ rng.random((5, 12)) + 0.01 * rng.standard_normal((400, 12))
    return (4000 * mixed).astype(np.uint16)


@pytest.fixture
def target_B() -> np.ndarray:
    return 4000 * np.random.default_rng(1).random(12)


def naive_inverse(matrix: np.ndarray) -> np.ndarray:
    return np.linalg.inv(matrix + RIDGE * np.trace(matrix) / len(matrix) * np.eye(len(matrix)))


@pytest.mark.parametrize("size", [7, 400, 10_000])
def test_moments_are_those_of_all_pixels(pixels_NB: np.ndarray, size: int) -> None:
    moments = detectors.moments(pixels_NB, size)
    x = pixels_NB.astype(float)
    np.testing.assert_allclose(moments.mean, x.mean(0), rtol=1e-12)
    np.testing.assert_allclose(moments.covariance, np.cov(x.T, ddof=0), rtol=1e-9)
    np.testing.assert_allclose(moments.correlation, x.T @ x / len(x), rtol=1e-12)
    np.testing.assert_allclose(moments.std, x.std(0), rtol=1e-9)


def test_moments_far_from_zero_lose_no_digits() -> None:
    x = 1e6 + np.random.default_rng(2).standard_normal((5000, 3))
    np.testing.assert_allclose(detectors.moments(x, 999).covariance, np.cov(x.T, ddof=0), rtol=1e-9)


@pytest.mark.parametrize("size", [7, 10_000])
def test_scores_are_the_formulas(pixels_NB: np.ndarray, target_B: np.ndarray, size: int) -> None:
    x = pixels_NB.astype(float)
    scores = detectors.detect(pixels_NB, detectors.moments(pixels_NB, size), target_B, size)
    r = naive_inverse(x.T @ x / len(x))
    np.testing.assert_allclose(scores.cem, x @ r @ target_B / (target_B @ r @ target_B), rtol=1e-5, atol=1e-6)
    k = naive_inverse(np.cov(x.T, ddof=0))
    s = target_B - x.mean(0)
    for i in range(0, 400, 37):
        z = x[i] - x.mean(0)
        along = s @ k @ z
        assert scores.ace[i] == pytest.approx(np.sign(along) * along**2 / (s @ k @ s) / (z @ k @ z), rel=1e-4)
        assert scores.rx[i] == pytest.approx(z @ k @ z, rel=1e-4)


def test_the_pure_target_answers_one(pixels_NB: np.ndarray, target_B: np.ndarray) -> None:
    moments = detectors.moments(pixels_NB)
    scores = detectors.detect(target_B[None], moments, target_B)
    assert scores.cem[0] == pytest.approx(1, abs=1e-6)
    assert scores.ace[0] == pytest.approx(1, abs=1e-6)
    opposite = detectors.detect(2 * moments.mean[None] - target_B, moments, target_B)
    assert opposite.ace[0] == pytest.approx(-1, abs=1e-6), "the sign is kept"


def test_cem_has_the_least_energy_of_filters_that_answer_the_target(
    pixels_NB: np.ndarray, target_B: np.ndarray
) -> None:
    moments = detectors.moments(pixels_NB)
    w = detectors.cem_filter(moments, target_B)
    rng = np.random.default_rng(3)
    for _ in range(20):
        other = w + 1e-4 * rng.standard_normal(12)
        other /= other @ target_B
        assert other @ moments.correlation @ other > w @ moments.correlation @ w


def test_scenes_with_fewer_pixels_than_bands_or_a_constant_band_have_scores() -> None:
    x = np.random.default_rng(4).random((9, 20))
    x[:, 3] = 5
    scores = detectors.detect(x, detectors.moments(x), x[0])
    for map_N in (scores.cem, scores.ace, scores.rx):
        assert np.isfinite(map_N).all()
    same = np.ones((4, 3))
    assert np.isfinite(detectors.detect(same, detectors.moments(same), np.ones(3)).ace).all()
