"""The prepared form of target-detection scenes."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from htd_scenes import MAP, SCENE, TARGET, VARIANTS
from scipy.io import savemat

from rsbench import roc
from rsbench.datasets import get
from rsbench.datasets.targets import detectors
from rsbench.datasets.targets.source import background_count
from rsbench.datasets.targets.synthetic_htd import SyntheticHTD


def test_prepared_form_of_a_generated_scene(small: SyntheticHTD, tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    scene = small.prepare(tmp_path, tmp_path / "cache", 1, progress=lambda *call: calls.append(call))
    assert np.array_equal(scene.scene(), small.recipe.rows(0, 20))
    assert calls[-1] == (20, 20) and scene.synthetic
    pixels = scene.scene().reshape(-1, 15).astype(float)
    np.testing.assert_allclose(scene.mean, pixels.mean(0), rtol=1e-9)
    np.testing.assert_allclose(scene.std, pixels.std(0), rtol=1e-9)
    scores = detectors.detect(pixels, detectors.moments(pixels), np.array(scene.target))
    for name in ("cem", "ace", "rx"):
        scores_HW = getattr(scores, name).reshape(20, 23)
        assert np.array_equal(scene.scores(name), scores_HW)
        areas = roc.scores(*roc.sides(scores_HW, scene.truth()))
        assert scene.baselines[name] == {key: areas[key] for key in ("auc_pd_pf", "auc_pd_tau", "auc_pf_tau")}
    again = small.prepare(tmp_path, tmp_path / "cache", 1, progress=lambda *_: pytest.fail("made twice"))
    assert again == scene


def test_background_is_what_cem_scores_lowest_and_validation_is_kept_apart(small: SyntheticHTD, tmp_path: Path) -> None:
    scene = small.prepare(tmp_path, tmp_path / "cache", 1)
    train, val = scene.background(seed=4)
    assert (len(train), len(val)) == (415, 22)
    assert len(train) == small.survey(tmp_path).train_samples("official", 4)
    both = np.sort([*train, *val])
    assert len(set(both)) == background_count(460) == 437
    cem = scene.scores("cem").ravel()
    assert cem[both].max() <= np.delete(cem, both).min()
    other_train, other_val = scene.background(seed=5)
    assert not np.array_equal(val, other_val) and len(other_train) == 415


def test_a_file_that_changed_is_prepared_again(tmp_path: Path) -> None:
    VARIANTS["e_cem"](tmp_path / "scene.mat")
    first = get("htd-mat").prepare(tmp_path, tmp_path / "cache", 1)
    savemat(tmp_path / "scene.mat", {"data": SCENE[::-1], "map": MAP, "d": TARGET[:, None]})
    os.utime(tmp_path / "scene.mat", ns=(1, 1))
    second = get("htd-mat").prepare(tmp_path, tmp_path / "cache", 1)
    assert first.fingerprint == second.fingerprint
    assert np.array_equal(second.scene(), SCENE[::-1])
