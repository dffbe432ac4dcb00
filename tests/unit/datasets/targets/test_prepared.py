"""Target-detection scenes: MATLAB files in the ways in which they are shared, and their prepared form."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from rsbench import datasets, roc
from rsbench.datasets import get
from rsbench.datasets.targets import detectors
from rsbench.datasets.targets.prepared import TargetScene
from rsbench.datasets.targets.source import background_count, validation_count
from rsbench.datasets.targets.synthetic_htd import SyntheticHTD
from rsbench.datasets.targets.synthetic_scene import Recipe
from rsbench.errors import RsbenchError

RECIPE = Recipe(height=20, width=23, bands=15, targets=9, seed=3, fill=(0.2, 0.8))
SCENE, MAP, TARGET = RECIPE.rows(0, 20), RECIPE.map_HW(), RECIPE.target_B


def v73(path: Path, arrays: dict[str, Any]) -> None:
    """HDF5 as MATLAB writes it: axes reversed, behind 512 bytes of its own."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in arrays.items():
            file[name] = np.asarray(array).T
    with path.open("r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file".ljust(128))


VARIANTS: dict[str, Any] = {
    "e_cem": lambda path: savemat(path, {"data": SCENE, "map": MAP, "d": TARGET[:, None]}),
    "row vector": lambda path: savemat(path, {"data": SCENE, "map": MAP * 255, "d": TARGET[None]}, do_compression=True),
    "toolkit": lambda path: savemat(
        path,
        {"hsi_sub": SCENE, "gtImg_sub": MAP, "tgt_spectra": TARGET[:, None], "wavelengths": np.arange(15.0)[:, None]},
    ),
    "v7.3": lambda path: v73(path, {"hsi": SCENE, "hsi_gt": MAP, "d": TARGET[:, None]}),
    "bands first": lambda path: savemat(path, {"data": SCENE.transpose(2, 0, 1), "map": MAP, "d": TARGET[:, None]}),
    "odd names": lambda path: savemat(path, {"scene": SCENE, "marks": MAP, "spectrum": TARGET[:, None]}),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_way_of_sharing_gives_the_same_scene(variant: str, tmp_path: Path) -> None:
    VARIANTS[variant](tmp_path / "scene.mat")
    survey = get("htd-mat").survey(tmp_path)
    assert survey.inputs == {"bands": 15} and survey.contents == "20 x 23 pixels, 15 bands"
    scene = get("htd-mat").prepare(tmp_path, tmp_path / "cache", 1)
    assert np.array_equal(scene.scene(), SCENE) and scene.scene().dtype == np.float32
    assert isinstance(scene.scene(), np.memmap) and not scene.scene().flags.writeable
    assert np.array_equal(scene.truth(), MAP) and scene.targets == 9
    np.testing.assert_allclose(scene.target, TARGET)
    assert scene.warnings == ()
    assert scene == TargetScene.load(scene.folder)
    assert scene.fingerprint == survey.fingerprint and scene.title == "target-detection scene scene"


@pytest.mark.parametrize("dtype", ["int16", "uint16", "float64"])
def test_scenes_keep_their_type(dtype: str, tmp_path: Path) -> None:
    cube = (1000 * SCENE - 100).astype(dtype)
    savemat(tmp_path / "scene.mat", {"data": cube, "map": MAP, "d": TARGET})
    scene = get("htd-mat").prepare(tmp_path, tmp_path / "cache", 1)
    assert scene.scene().dtype == dtype and np.array_equal(scene.scene(), cube)


def test_without_a_spectrum_the_mean_of_the_targets_stands_in_and_is_told(tmp_path: Path) -> None:
    savemat(tmp_path / "scene.mat", {"data": SCENE, "map": MAP})
    scene = get("htd-mat").prepare(tmp_path, tmp_path / "cache", 1)
    np.testing.assert_allclose(scene.target, SCENE[MAP > 0].astype(float).mean(0))
    assert len(scene.warnings) == 1 and "labels help to detect" in scene.warnings[0]


def test_a_vector_of_another_name_is_taken_and_told(tmp_path: Path) -> None:
    savemat(tmp_path / "scene.mat", {"data": SCENE, "map": MAP, "fwhm": TARGET})
    (warning,) = get("htd-mat").prepare(tmp_path, tmp_path / "cache", 1).warnings
    assert 'its "fwhm" of 15 values is taken for the target\'s spectrum' in warning


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"data": SCENE, "map": MAP * 0}, "marks no target"),
        ({"data": SCENE[:-1], "map": MAP}, "a cube of 20 x 23 pixels"),
        ({"data": SCENE}, "a map of the targets"),
        ({"a": MAP, "b": MAP, "data": SCENE}, r'a map of the targets as "map".*holds a \(20 x 23\), b \(20 x 23\)'),
        ({"data": SCENE, "map": MAP * 0 + 1, "d": TARGET}, "leaves no background pixel"),
        ({"data": SCENE, "map": np.where(MAP, 1, np.nan), "d": TARGET}, '"map".*no number'),
        ({"data": SCENE, "map": MAP, "d": TARGET * np.nan}, '"d".*no spectrum of a target'),
        ({"data": SCENE, "map": MAP, "d": TARGET * 0}, "zeros only"),
        ({"data": np.where(SCENE > 0.4, np.nan, SCENE), "map": MAP}, "values that are no number in rows 0 to 19"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_the_file_holds(
    arrays: dict[str, Any], words: str, tmp_path: Path
) -> None:
    savemat(tmp_path / "scene.mat", arrays)
    with pytest.raises(RsbenchError, match=words):
        get("htd-mat").prepare(tmp_path, tmp_path / "cache", 1)
    assert not list((tmp_path / "cache").glob("htd-mat-*/targets.json"))


def test_one_file_of_several_is_named_by_the_data_root(tmp_path: Path) -> None:
    for name in ("a.mat", "b.mat"):
        VARIANTS["e_cem"](tmp_path / name)
    with pytest.raises(RsbenchError, match=r"2 MATLAB files \(a.mat, b.mat\): name one with --data-root .*a.mat"):
        get("htd-mat").survey(tmp_path)
    first, second = (get("htd-mat").survey(tmp_path / name) for name in ("a.mat", "b.mat"))
    assert first.fingerprint != second.fingerprint


def test_patches_and_percentages_are_refused(tmp_path: Path) -> None:
    VARIANTS["e_cem"](tmp_path / "scene.mat")
    with pytest.raises(RsbenchError, match="--image-size 9"):
        get("htd-mat").prepare(tmp_path, tmp_path / "cache", 9)
    with pytest.raises(RsbenchError, match="--split 50/50"):
        get("htd-mat").survey(tmp_path).train_samples("50/50", 0)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> SyntheticHTD:
    monkeypatch.setattr(SyntheticHTD, "recipe", dataclasses.replace(RECIPE, targets=15))
    return SyntheticHTD()


def test_prepared_form_of_a_generated_scene(small: SyntheticHTD, tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    scene = small.prepare(tmp_path, tmp_path / "cache", 1, progress=lambda *call: calls.append(call))
    assert np.array_equal(scene.scene(), small.recipe.rows(0, 20))
    assert calls[-1] == (20, 20) and scene.synthetic
    pixels = scene.scene().reshape(-1, 15).astype(float)
    np.testing.assert_allclose(scene.mean, pixels.mean(0), rtol=1e-9)
    np.testing.assert_allclose(scene.std, pixels.std(0), rtol=1e-9)
    found = detectors.detect(pixels, detectors.moments(pixels), np.array(scene.target))
    for name in ("cem", "ace", "rx"):
        scores_HW = getattr(found, name).reshape(20, 23)
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


@pytest.mark.parametrize("pixels", [2, 20, 1296, 1_350_240])
def test_some_background_trains_and_some_validates(pixels: int) -> None:
    assert 1 <= validation_count(pixels) <= background_count(pixels) < pixels


def test_check_reads_the_scene(small: SyntheticHTD, tmp_path: Path) -> None:
    found = small.check(tmp_path)
    assert found.ok and found.targets == 15
    assert "20 x 23 pixels, 15 bands" in found.sentences()[0]
    savemat(tmp_path / "bad.mat", {"data": np.where(SCENE > 0.4, np.inf, SCENE), "map": MAP})
    bad = datasets.check("htd-mat", tmp_path / "bad.mat")
    assert not bad.ok and bad.not_finite == (SCENE > 0.4).sum() and bad.high <= 0.4


def test_a_file_that_changed_is_prepared_again(tmp_path: Path) -> None:
    import os

    VARIANTS["e_cem"](tmp_path / "scene.mat")
    first = get("htd-mat").prepare(tmp_path, tmp_path / "cache", 1)
    savemat(tmp_path / "scene.mat", {"data": SCENE[::-1], "map": MAP, "d": TARGET[:, None]})
    os.utime(tmp_path / "scene.mat", ns=(1, 1))
    second = get("htd-mat").prepare(tmp_path, tmp_path / "cache", 1)
    assert first.fingerprint == second.fingerprint
    assert np.array_equal(second.scene(), SCENE[::-1])


@pytest.mark.real_data
def test_muufl_with_its_halo(real_data: Path, tmp_path: Path) -> None:
    scene = get("muufl-target").prepare(real_data, tmp_path, 1)
    assert scene.scene().shape == (36, 36, 72) and (scene.targets, scene.halo) == (3, 2)
    assert any("3 targets" in warning for warning in scene.warnings)
    assert scene.baselines["cem"]["auc_pd_pf"] == pytest.approx(0.9994539994539995)
    marks = roc.scores(*roc.sides(scene.scores("cem"), scene.truth()))
    assert marks["auc_pd_pf"] < 0.99, "without a halo the marks, which are a pixel off, miss the targets"
