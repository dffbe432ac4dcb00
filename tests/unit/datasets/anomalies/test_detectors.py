"""RX, local RX and the residual of principal components: their formulas, and what each is blind to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rsbench.datasets import AnomalyDataset, get
from rsbench.datasets.anomalies import detectors
from rsbench.datasets.anomalies.detectors import COMPONENTS, DETECTORS, detect
from rsbench.datasets.targets.detectors import RIDGE, moments
from rsbench.errors import RsbenchError

HEIGHT, WIDTH, BANDS = 13, 11, 24


@pytest.fixture
def pixels_NB() -> np.ndarray:
    rng = np.random.default_rng(0)
    mixed = rng.random((HEIGHT * WIDTH, 4)) @ rng.random((4, BANDS))
    return 50 + mixed + 0.05 * rng.standard_normal((HEIGHT * WIDTH, BANDS))


def test_rx_is_its_formula(pixels_NB: np.ndarray) -> None:
    covariance = np.cov(pixels_NB.T, ddof=0)
    inverse = np.linalg.inv(covariance + RIDGE * np.trace(covariance) / BANDS * np.eye(BANDS))
    z = pixels_NB - pixels_NB.mean(0)
    wanted = [one @ inverse @ one for one in z]
    np.testing.assert_allclose(detectors.rx(pixels_NB, moments(pixels_NB)), wanted, rtol=1e-9)


def test_the_residual_is_what_leading_components_leave(pixels_NB: np.ndarray) -> None:
    z = pixels_NB - pixels_NB.mean(0)
    u, s, vt = np.linalg.svd(z, full_matrices=False)
    wanted = ((u[:, COMPONENTS:] * s[COMPONENTS:]) @ vt[COMPONENTS:]) ** 2
    np.testing.assert_allclose(detectors.pca_residual(pixels_NB, moments(pixels_NB)), wanted.sum(1), rtol=1e-9)


@pytest.mark.parametrize(("bands", "components"), [(1, 0), (5, 2), (30, COMPONENTS)])
def test_at_most_half_of_the_bands_are_background(bands: int, components: int) -> None:
    x = np.random.default_rng(1).standard_normal((200, bands)) * np.arange(bands, 0, -1)
    energy = detectors.pca_residual(x, moments(x)).mean()
    variances = np.sort(np.linalg.eigvalsh(np.cov(x.T, ddof=0).reshape(bands, bands)))
    assert energy == pytest.approx(variances[: bands - components].sum(), rel=1e-9)


def test_an_affine_map_moves_the_residual_and_neither_rx(pixels_NB: np.ndarray) -> None:
    rng = np.random.default_rng(2)
    mapped = pixels_NB @ (np.eye(BANDS) + 0.3 * rng.standard_normal((BANDS, BANDS))) + rng.random(BANDS)
    before, after = (detect(x, HEIGHT, WIDTH) for x in (pixels_NB, mapped))
    for name in ("rx", "local_rx"):
        np.testing.assert_allclose(after[name], before[name], rtol=1e-3)
    order_before, order_after = (np.argsort(found["pca_residual"]) for found in (before, after))
    assert (order_before != order_after).mean() > 0.5


def test_detect_gives_every_detector_and_the_same_each_time(pixels_NB: np.ndarray) -> None:
    first, again = detect(pixels_NB, HEIGHT, WIDTH), detect(pixels_NB.copy(), HEIGHT, WIDTH)
    assert tuple(first) == DETECTORS
    for name, scores in first.items():
        assert scores.dtype == np.float32 and scores.shape == (HEIGHT * WIDTH,)
        assert np.array_equal(scores, again[name]) and np.isfinite(scores).all()


def test_a_scene_of_equal_pixels_has_scores() -> None:
    for scores in detect(np.full((12, 3), 7, dtype=np.uint16), 3, 4).values():
        assert np.array_equal(scores, np.zeros(12))


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e200])
def test_values_that_cannot_be_squared_are_refused(pixels_NB: np.ndarray, bad: float) -> None:
    pixels_NB[40, 3] = bad
    with pytest.raises(RsbenchError, match="no number or too large to be squared"):
        detect(pixels_NB, HEIGHT, WIDTH)


def test_scores_that_float32_cannot_hold_are_refused(pixels_NB: np.ndarray) -> None:
    assert all(np.isfinite(of_each).all() for of_each in detect(1e18 * pixels_NB, HEIGHT, WIDTH).values())
    with pytest.raises(RsbenchError, match="no number or too large to be squared"):
        detect(1e25 * pixels_NB, HEIGHT, WIDTH)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "auc"),
    [("abu-airport-4", 0.9526), ("abu-beach-2", 0.9106), ("abu-beach-3", 0.9998), ("abu-urban-3", 0.9513)],
)
def test_rx_has_the_known_areas_on_real_scenes(name: str, auc: float, real_data: Path) -> None:
    from rsbench.datasets.targets.scene_copy import areas

    if not (real_data / "ABU" / f"{name}.mat").is_file():
        pytest.skip(f"no {name} below {real_data}")
    dataset = get(name)
    assert isinstance(dataset, AnomalyDataset)
    source = dataset.locate(real_data)
    pixels_NB = np.concatenate(list(source.blocks())).reshape(-1, source.bands)
    scores_HW = detectors.rx(pixels_NB, moments(pixels_NB)).reshape(source.height, source.width)
    assert round(areas(scores_HW.astype(np.float32), source.truth(), 0)["auc_pd_pf"], 4) == auc
