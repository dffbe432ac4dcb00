"""A prepared anomaly scene: what it holds and which of its pixels train."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from htd_scenes import MAP, SCENE, TARGET
from scipy.io import savemat

from rsbench.datasets import AnomalyScene, check, get
from rsbench.datasets.anomalies.detectors import DETECTORS, detect
from rsbench.errors import RsbenchError
from rsbench.roc import scores, sides

CUBE = (10_000 * SCENE).astype(np.int16)


@pytest.fixture
def scene(tmp_path: Path) -> AnomalyScene:
    savemat(tmp_path / "scene.mat", {"data": CUBE, "map": MAP, "d": TARGET})
    prepared = get("had-mat").prepare(tmp_path, tmp_path / "cache", 1)
    assert isinstance(prepared, AnomalyScene)
    return prepared


def test_it_holds_the_scene_and_its_moments(scene: AnomalyScene) -> None:
    assert np.array_equal(scene.scene(), CUBE) and scene.scene().dtype == np.int16
    assert isinstance(scene.scene(), np.memmap) and not scene.scene().flags.writeable
    assert np.array_equal(scene.truth(), MAP) and scene.anomalies == MAP.sum()
    assert (scene.height, scene.width, scene.bands, scene.pixels, scene.halo) == (20, 23, 15, 460, 0)
    assert (scene.low, scene.high) == (CUBE.min(), CUBE.max())
    x = CUBE.astype(float)
    assert scene.cube_mean == pytest.approx(x.mean()) and scene.cube_std == pytest.approx(x.std())
    np.testing.assert_allclose(scene.mean, x.mean((0, 1)))
    np.testing.assert_allclose(scene.std, x.std((0, 1)))
    assert scene.warnings == () and not scene.synthetic and scene.title == "anomaly-detection scene scene"
    assert scene == AnomalyScene.load(scene.folder)


def test_its_baselines_are_the_detectors_of_the_same_scene(scene: AnomalyScene) -> None:
    found = detect(CUBE.reshape(-1, 15), 20, 23)
    for name in DETECTORS:
        assert np.array_equal(scene.scores(name), found[name].reshape(20, 23))
        wanted = scores(*sides(scene.scores(name), MAP))
        assert scene.baselines[name] == {key: wanted[key] for key in ("auc_pd_pf", "auc_pd_tau", "auc_pf_tau")}


def test_all_pixels_train_but_a_few_that_validate(scene: AnomalyScene) -> None:
    train, val = scene.background(0)
    assert len(val) == 23 and len(train) == 437
    assert np.array_equal(np.sort(np.concatenate([train, val])), np.arange(460))
    assert (np.diff(train) > 0).all() and (np.diff(val) > 0).all()
    again, other = scene.background(0), scene.background(1)
    assert np.array_equal(again[1], val) and not np.array_equal(other[1], val)
    assert len(train) == get("had-mat").survey(scene.folder.parents[1]).train_samples("official", 0)


def test_marks_change_nothing_that_trains(scene: AnomalyScene, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    savemat(tmp_path / "other" / "x.mat", {"data": CUBE, "map": MAP[::-1]})
    other = get("had-mat").prepare(tmp_path / "other", tmp_path / "cache", 1)
    assert isinstance(other, AnomalyScene)
    assert np.array_equal(other.background(0)[0], scene.background(0)[0])
    assert np.array_equal(other.scores("rx"), scene.scores("rx")) and other.baselines != scene.baselines


def test_percentages_and_pictures_are_refused(tmp_path: Path) -> None:
    dataset = get("synthetic-had")
    with pytest.raises(RsbenchError, match="--split 20/80 does not go with anomaly detection, which trains without"):
        dataset.survey(tmp_path).train_samples("20/80", 0)
    with pytest.raises(RsbenchError, match="--image-size 9 does not go with synthetic-had, whose samples are single"):
        dataset.prepare(tmp_path, tmp_path / "cache", 9)


def test_check_says_what_it_found_and_what_stands_for_missing_data(tmp_path: Path) -> None:
    cube = CUBE.copy()
    cube[:2, :5] = -32768
    savemat(tmp_path / "scene.mat", {"data": cube, "map": MAP})
    report = check("had-mat", tmp_path)
    first, values, fill = report.sentences()
    assert first.endswith("460 pixels are marked as anomalies (1.957%).") and values == "All values are numbers."
    assert "the value -32768, far from all others" in fill and "fills 10 pixels" in fill and not report.ok
    assert report.facts()["anomaly_pixels"] == 9
    assert get("had-mat").prepare(tmp_path, tmp_path / "cache", 1).warnings == (fill,)
