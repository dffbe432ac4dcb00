"""Scenes in MATLAB files: found whatever their axes and names, and what does not fit is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import mat_scenes
import numpy as np
import pytest

from rsbench.datasets import get
from rsbench.datasets.io import matlab
from rsbench.errors import RsbenchError

SAVES = pytest.mark.parametrize("save", [mat_scenes.save5, mat_scenes.save73], ids=["v5", "v7.3"])

SCENE = mat_scenes.made(channels=2)

FLAT = mat_scenes.made()


@SAVES
def test_axes_in_another_order_are_put_right(save, tmp_path: Path) -> None:
    turned = replace(SCENE, hsi=SCENE.hsi.transpose(2, 0, 1), aux=SCENE.aux.transpose(1, 0, 2), train=SCENE.train.T)
    mat_scenes.mmrs(tmp_path, turned, save)
    pixels = get("idtrees").prepare(tmp_path, tmp_path / "cache", 5)
    assert np.array_equal(pixels.hsi(), SCENE.hsi) and np.array_equal(pixels.aux(), SCENE.aux)
    assert set(pixels.split("official", 0).train) <= set(np.flatnonzero(SCENE.train))


def test_other_names_of_arrays_and_case_of_files_play_no_part(tmp_path: Path) -> None:
    mat_scenes.mmrs(tmp_path, FLAT)
    folder = tmp_path / "IDTReeS"
    (folder / "HSI.mat").unlink()
    mat_scenes.save5(folder / "hsi.MAT", {"some_name": FLAT.hsi, "note": np.zeros((1, 1))})
    assert np.array_equal(get("idtrees").prepare(tmp_path, tmp_path / "c", 5).hsi(), FLAT.hsi)


@pytest.mark.parametrize(
    ("file", "array", "words"),
    [
        ("HSI", FLAT.hsi[:-1], r"the hyperspectral cube of 24 x 40 pixels.*HSI \(23 x 40 x 6\)"),
        ("LiDAR", FLAT.aux[:, 1:], r"the other modality of 24 x 40 pixels.*LiDAR \(24 x 39\)"),
        ("TRLabel", FLAT.train[1:], "the train pixels as a label map of 24 x 40 pixels or as rows and columns"),
        ("gt", FLAT.labels * 60, "has labels up to 180, but the data set has 12 classes"),
        ("gt", FLAT.labels + 0.5, "whole numbers"),
        ("gt", np.zeros_like(FLAT.labels), "fewer than two classes"),
    ],
)
def test_what_does_not_fit_is_refused(file: str, array, words: str, tmp_path: Path) -> None:
    mat_scenes.mmrs(tmp_path, FLAT)
    mat_scenes.save5(tmp_path / "IDTReeS" / f"{file}.mat", {file: array})
    with pytest.raises(RsbenchError, match=words):
        get("idtrees").prepare(tmp_path, tmp_path / "cache", 5)
    assert not list((tmp_path / "cache").glob("*/")), "nothing is left behind"


def test_survey_reads_no_cube(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mat_scenes.mmrs(tmp_path, FLAT)
    read = matlab.MatArray.rows

    def small_only(array: matlab.MatArray, axes):
        assert len(array.shape) == 2, "the cube is read"
        return read(array, axes)

    monkeypatch.setattr(matlab.MatArray, "rows", small_only)
    survey = get("idtrees").survey(tmp_path)
    assert survey.train_samples("official", 0) > 0 and "24 x 40 pixels" in survey.contents
