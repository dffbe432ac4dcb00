"""Anomaly scenes in MATLAB files: where they are looked for, and one sentence for each that does not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from htd_scenes import MAP, SCENE, TARGET, VARIANTS
from scipy.io import savemat

from rsbench.datasets import AnomalyScene, get
from rsbench.errors import RsbenchError


@pytest.mark.parametrize("variant", ["e_cem", "toolkit", "v7.3", "bands first"])
def test_every_way_of_sharing_gives_the_same_scene(variant: str, tmp_path: Path) -> None:
    VARIANTS[variant](tmp_path / "scene.mat")
    survey = get("had-mat").survey(tmp_path)
    assert survey.inputs == {"bands": 15} and survey.contents == "20 x 23 pixels, 15 bands"
    scene = get("had-mat").prepare(tmp_path, tmp_path / "cache", 1)
    assert isinstance(scene, AnomalyScene) and scene.fingerprint == survey.fingerprint
    assert np.array_equal(scene.scene(), SCENE) and np.array_equal(scene.truth(), MAP)
    assert scene.warnings == (), "a spectrum is neither read nor missed"


@pytest.mark.parametrize("name", ["hydice", "san-diego", "had-mat"])
def test_a_folder_with_one_file_of_any_name_is_the_scene(name: str, tmp_path: Path) -> None:
    (tmp_path / name).mkdir()
    savemat(tmp_path / name / "my scene.mat", {"data": SCENE, "groundtruth": MAP})
    assert get(name).survey(tmp_path).where == tmp_path / name / "my scene.mat"
    assert get(name).survey(tmp_path / name / "my scene.mat").inputs == {"bands": 15}


def test_a_published_scene_is_not_taken_from_the_root_of_all_data(tmp_path: Path) -> None:
    savemat(tmp_path / "scene.mat", {"data": SCENE, "map": MAP})
    with pytest.raises(RsbenchError, match=r'"hydice" \(HYDICE urban\) was not found; looked at .*hydice\. The layout'):
        get("hydice").survey(tmp_path)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"data": SCENE, "map": MAP * 0}, r'"map" \(20 x 23\) in .* marks no anomaly: put the right map there\.$'),
        ({"data": SCENE, "map": MAP * 0 + 1}, r"leaves no background pixel: put the right map there\.$"),
        (
            {"data": SCENE[:-1], "map": MAP},
            r"a cube of 20 x 23 pixels as .* but it holds data \(19 x 23 x 15\), map \(20 x 23\)",
        ),
        ({"a": SCENE, "b": SCENE, "map": MAP}, r'as "data", or as its only one of that size, but it holds a \(20 x'),
        ({"data": SCENE}, 'a map of the anomalies as "map", or as its only matrix, but it holds data'),
        ({"data": np.where(SCENE > 0.4, np.nan, SCENE), "map": MAP}, "values that are no number in rows 0 to 19"),
        ({"data": np.where(SCENE > 0.4, np.inf, SCENE), "map": MAP}, "values that are no number in rows 0 to 19"),
        ({"data": SCENE, "map": np.where(MAP, np.inf, 0)}, "infinite values: write 0 where there is no anomaly"),
        ({"data": SCENE.astype(float) * 1e300, "map": MAP}, "values too large for any sensor"),
        ({"data": SCENE.astype(float) * 1e25, "map": MAP}, r"scene\.mat: The scene holds values that are no number or"),
        ({"data": np.full_like(SCENE, 7.0), "map": MAP}, r"scene\.mat holds one value only: there is no background to"),
        ({"d": TARGET}, "a map of the anomalies"),
    ],
)
def test_what_does_not_fit_gets_one_sentence(arrays: dict[str, Any], words: str, tmp_path: Path) -> None:
    arrays = {name: np.asarray(array, dtype=float) for name, array in arrays.items()}
    savemat(tmp_path / "scene.mat", arrays)
    with pytest.raises(RsbenchError, match=words) as caught:
        get("had-mat").prepare(tmp_path, tmp_path / "cache", 1)
    assert "\n" not in str(caught.value)
    assert not list((tmp_path / "cache").glob("had-mat-*/anomalies.json"))


def test_no_matlab_file_and_several_files_get_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.mat").write_text("no MATLAB at all, " * 50)
    with pytest.raises(RsbenchError, match=r"a\.mat cannot be read as a MATLAB file .* copy it again\.$"):
        get("had-mat").survey(tmp_path)
    (tmp_path / "b.mat").write_bytes(b"")
    with pytest.raises(
        RsbenchError, match=r"holds 2 MATLAB files \(a\.mat, b\.mat\): name one with --data-root .*a\.mat"
    ):
        get("had-mat").survey(tmp_path)
