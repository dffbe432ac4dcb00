"""Target-detection scenes in MATLAB files, in the ways in which they are shared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from htd_scenes import MAP, SCENE, TARGET, VARIANTS
from scipy.io import savemat
from scipy.sparse import csc_matrix

from rsbench.datasets import check, get
from rsbench.datasets.targets.prepared import TargetScene
from rsbench.errors import RsbenchError


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


def test_a_spectrum_of_other_bands_is_named(tmp_path: Path) -> None:
    savemat(tmp_path / "scene.mat", {"data": SCENE, "map": MAP, "d": TARGET[:-1]})
    (warning,) = get("htd-mat").survey(tmp_path).warnings
    assert (
        'holds no spectrum of the target ("d" (1 x 14) in ' in warning and "is none of 15 bands): the mean" in warning
    )


def test_values_too_large_to_be_squared_are_named(tmp_path: Path) -> None:
    cube = SCENE.astype(np.float64)
    cube[:2, :3] = -np.finfo(np.float64).max
    savemat(tmp_path / "scene.mat", {"data": cube, "map": MAP, "d": TARGET})
    words = r"too large for any sensor: the value -1.79769e\+308, far from all others .* fills 6 pixels; if it stands"
    with pytest.raises(RsbenchError, match=words):
        get("htd-mat").prepare(tmp_path, tmp_path / "cache", 1)


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
        ({"data": SCENE, "map": np.where(MAP, np.inf, 0), "d": TARGET}, '"map".*infinite'),
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


def test_nan_in_the_map_is_no_target_with_a_word(tmp_path: Path) -> None:
    savemat(tmp_path / "scene.mat", {"data": SCENE, "map": np.where(MAP, 1.0, np.nan), "d": TARGET})
    scene = get("htd-mat").prepare(tmp_path, tmp_path / "cache", 1)
    assert np.array_equal(scene.truth(), MAP)
    (warning,) = scene.warnings
    assert warning.endswith("holds 451 values that are no number (NaN): they are read as 0, no target.")


def test_the_origin_of_the_spectrum_is_kept_and_told(tmp_path: Path) -> None:
    for arrays, origin in (
        ({"d": TARGET}, '"d" in scene.mat'),
        ({}, "mean of the marked pixels, so that the marks that score the methods also help them"),
    ):
        savemat(tmp_path / "scene.mat", {"data": SCENE, "map": MAP, **arrays})
        assert get("htd-mat").prepare(tmp_path, tmp_path / "cache", 1).target_origin == origin
        assert f"Spectrum of the target: {origin}." in check("htd-mat", tmp_path).sentences()


def test_values_for_missing_data_are_named(tmp_path: Path) -> None:
    cube = SCENE.copy()
    cube[:2, :5] = -9999
    savemat(tmp_path / "scene.mat", {"data": cube, "map": MAP, "d": TARGET})
    words = "the value -9999, far from all others"
    assert any(words in text for text in get("htd-mat").prepare(tmp_path, tmp_path / "cache", 1).warnings)
    report = check("htd-mat", tmp_path)
    assert not report.ok and any(words in text and "fills 10 pixels" in text for text in report.sentences())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"data": SCENE * 1j}, r"data \(complex numbers"),
        ({"map": csc_matrix(MAP.astype(float))}, r"map \(a sparse matrix: save full\(map\) instead\)"),
        ({"map": {"gt": MAP}}, r"map \(a struct"),
        ({"data": np.zeros((0, 23, 15))}, r"data \(an empty array\)"),
    ],
)
def test_what_cannot_be_read_is_named_as_what_it_is(changes: dict[str, Any], words: str, tmp_path: Path) -> None:
    savemat(tmp_path / "scene.mat", {"data": SCENE, "map": MAP, "d": TARGET} | changes)
    with pytest.raises(RsbenchError, match=words):
        get("htd-mat").survey(tmp_path)
