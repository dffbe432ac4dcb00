"""Target-detection scenes in MATLAB files, in the ways in which they are shared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from htd_scenes import MAP, SCENE, TARGET, VARIANTS
from scipy.io import savemat

from rsbench.datasets import get
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
