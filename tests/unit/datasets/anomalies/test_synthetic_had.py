"""The synthetic anomaly scene."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from rsbench.datasets import get
from rsbench.datasets.anomalies.synthetic_had import CurvedRecipe, SyntheticHAD

RECIPE = SyntheticHAD.recipe


def test_it_is_the_same_scene_each_time_and_called_synthetic(tmp_path: Path) -> None:
    source = SyntheticHAD().locate(tmp_path)
    first, again = (np.concatenate(list(source.blocks())) for _ in range(2))
    assert np.array_equal(first, again) and first.shape == (64, 64, 48) and first.dtype == np.float32
    assert "synthetic" in get("synthetic-had").title and get("synthetic-had").synthetic
    assert source.fingerprint() == RECIPE.fingerprint != dataclasses.replace(RECIPE, seed=1).fingerprint


def test_objects_are_squares_that_keep_apart() -> None:
    marks = RECIPE.map_HW()
    assert marks.sum() == 32
    blocks = marks.reshape(32, 2, 32, 2).sum((1, 3))
    assert set(np.unique(blocks)) == {0, 4} and (blocks == 4).sum() == 8
    for top, left in np.argwhere(blocks == 4):
        assert blocks[max(top - 1, 0) : top + 2, max(left - 1, 0) : left + 2].sum() == 4


def test_the_background_is_curved() -> None:
    assert isinstance(RECIPE, CurvedRecipe)
    shares = np.random.default_rng(0).dirichlet(np.ones(5), 500)

    def dimensions(curvature: float) -> int:
        spectra = dataclasses.replace(RECIPE, curvature=curvature).mixed(shares)
        values = np.linalg.svd(spectra - spectra.mean(0), compute_uv=False)
        return int((values > 1e-6 * values[0]).sum())

    assert dimensions(0) == 4, "five materials in linear mixture lie in a flat of four dimensions"
    assert dimensions(1) == 14, "and the ten products of two add as many"


def test_no_detector_finds_all_and_each_finds_some(tmp_path: Path) -> None:
    scene = get("synthetic-had").prepare(tmp_path, tmp_path, 1)
    areas = {name: found["auc_pd_pf"] for name, found in scene.baselines.items()}
    assert list(areas) == ["rx", "local_rx", "pca_residual"]
    assert all(0.8 < area < 0.97 for area in areas.values()), areas
    assert areas["rx"] == pytest.approx(0.8921, abs=1e-3)
