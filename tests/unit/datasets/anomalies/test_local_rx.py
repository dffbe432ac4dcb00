"""Local RX against a slow loop over explicit rings."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from rsbench.datasets.anomalies import local_rx as module
from rsbench.datasets.anomalies.local_rx import INNER, OUTER, local_rx
from rsbench.datasets.targets.detectors import RIDGE, moments


def ring(row: int, column: int, height: int, width: int, outer: int, inner: int) -> list[tuple[int, int]]:
    """Return the places of a pixel's ring: the outer square is moved inwards, the inner one is cut."""
    sides = [min(outer, length) for length in (height, width)]
    halves = [min(inner, max(side // 2, 1)) // 2 for side in sides]
    first = [
        min(max(place - side // 2, 0), length - side)
        for place, side, length in zip((row, column), sides, (height, width), strict=True)
    ]
    square = [(r, c) for r in range(first[0], first[0] + sides[0]) for c in range(first[1], first[1] + sides[1])]
    return [(r, c) for r, c in square if abs(r - row) > halves[0] or abs(c - column) > halves[1]]


def slow_local_rx(scene_HWB: np.ndarray, outer: int, inner: int) -> np.ndarray:
    height, width, bands = scene_HWB.shape
    ridge = RIDGE * scene_HWB.reshape(-1, bands).var(0).mean() * np.eye(bands)
    scores = np.empty((height, width))
    for row, column in np.ndindex(height, width):
        x = np.array([scene_HWB[place] for place in ring(row, column, height, width, outer, inner)])
        z = scene_HWB[row, column] - x.mean(0)
        scores[row, column] = z @ np.linalg.solve(np.cov(x.T, ddof=0).reshape(bands, bands) + ridge, z)
    return scores


@pytest.mark.parametrize(
    ("height", "width", "outer", "inner"),
    [(17, 19, 9, 3), (12, 30, 11, 5), (7, 40, 9, 5), (1, 30, 9, 3), (6, 5, 25, 11)],
)
def test_it_is_the_slow_loop(height: int, width: int, outer: int, inner: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OUTER", outer)
    monkeypatch.setattr(module, "INNER", inner)
    rng = np.random.default_rng(height)
    scene = 1000 + 30 * rng.standard_normal((height, width, 4)) @ rng.standard_normal((4, 4))
    pixels_NB = scene.reshape(-1, 4)
    found = local_rx(pixels_NB, moments(pixels_NB), height, width).reshape(height, width)
    np.testing.assert_allclose(found, slow_local_rx(scene, outer, inner), rtol=1e-9)


def test_the_windows_that_are_shipped_give_the_slow_loop_too() -> None:
    rng = np.random.default_rng(3)
    scene = (4000 * (rng.random((27, 28, 3)) @ rng.random((3, 6))) + 9 * rng.standard_normal((27, 28, 6))).astype("u2")
    pixels_NB = scene.reshape(-1, 6)
    found = local_rx(pixels_NB, moments(pixels_NB), 27, 28)
    np.testing.assert_allclose(found, slow_local_rx(scene.astype(float), OUTER, INNER).ravel(), rtol=1e-9)


def test_every_ring_has_twice_as_many_pixels_as_scenes_of_250_bands() -> None:
    counts = {len(ring(row, column, 28, 27, OUTER, INNER)) for row in range(28) for column in range(27)}
    assert min(counts) == OUTER**2 - INNER**2 == 504


def test_an_object_stands_out_from_its_surroundings_only() -> None:
    scene = np.random.default_rng(4).standard_normal((40, 60, 3))
    scene[:, 30:] += 100
    scene[20, 15] += 20
    pixels_NB = scene.reshape(-1, 3)
    found = local_rx(pixels_NB, moments(pixels_NB), 40, 60)
    assert found.argmax() == 20 * 60 + 15


def test_a_ring_of_equal_pixels_gives_a_finite_score() -> None:
    scene = np.zeros((30, 30, 2), dtype=np.int16)
    scene[15, 15] = (3, 4)
    pixels_NB = scene.reshape(-1, 2)
    of_all = moments(pixels_NB)
    found = local_rx(pixels_NB, of_all, 30, 30).reshape(30, 30)
    assert found[15, 15] == pytest.approx(25 / (RIDGE * np.trace(of_all.covariance) / 2), rel=1e-5)
    assert found[14, 14] == pytest.approx(0, abs=1e-9), "the inner square keeps the object out of its ring"


def test_rows_are_scored_each_for_itself_bit_for_bit() -> None:
    pixels_NB = np.random.default_rng(5).standard_normal((30 * 26, 3)).astype(np.float32)
    of_all = moments(pixels_NB)
    whole = local_rx(pixels_NB, of_all, 30, 26)
    for cuts in ((0, 30), (0, 15, 30), (0, 1, 11, 29, 30, 30)):
        parts = [local_rx(pixels_NB, of_all, 30, 26, range(*cut)) for cut in pairwise(cuts)]
        assert np.concatenate(parts).tobytes() == whole.tobytes()


@pytest.mark.parametrize("second", [-np.eye(2), np.full((2, 2), np.nan)])
def test_a_covariance_without_a_factor_gives_no_number(second: np.ndarray) -> None:
    ring = module._Ring(2)
    ring.count, ring.second_BB = 1, second
    assert np.isnan(ring.distance(np.ones(2), 1e-9))
    ring.second_BB = np.eye(2)
    assert ring.distance(np.ones(2), 0.0) == pytest.approx(2)
