"""Your own scene: a cube alone, a map called a test list, NaN for unlabelled, values for missing data."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import h5py
import mat_scenes
import numpy as np
import pytest
from scipy.io import savemat
from scipy.sparse import csc_matrix

from rsbench.datasets import check, get
from rsbench.errors import RsbenchError

PROGRAM = Path(__file__).parents[3] / "programs" / "make_mats.py"
SCENE = mat_scenes.made()
BOTH = mat_scenes.made(channels=2)


@pytest.fixture(scope="module")
def mats(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mats")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["make_mats.py", str(folder)])
        runpy.run_path(str(PROGRAM))
    return folder


def test_a_cube_alone_is_a_data_set(mats: Path, tmp_path: Path) -> None:
    survey = get("multimodal-mat").survey(mats / "hsi-only")
    assert survey.inputs == {"classes": 4, "hsi_bands": 12, "aux_channels": 0} and survey.model == "hsi-cnn"
    calls: list[tuple[int, int]] = []
    pixels = get("multimodal-mat").prepare(mats / "hsi-only", tmp_path, 5, progress=lambda *call: calls.append(call))
    assert pixels.hsi().shape == (30, 40, 12) and pixels.aux().shape == (30, 40, 0) and pixels.aux_name == ""
    assert calls[-1] == (30, 30) and not (pixels.folder / "aux.npy").exists()
    report = check("multimodal-mat", mats / "hsi-only")
    assert report.ok and [values.name for values in report.values] == ["HSI"]
    assert get("multimodal-mat").survey(mats / "ok").model is None


def test_the_only_map_is_the_map_whatever_its_name(mats: Path) -> None:
    for name in ("full-map-called-mask_test", "ok"):
        survey = get("multimodal-mat").survey(mats / name)
        assert (survey.source.ground_truth.lists is None) == (name != "ok")
        assert survey.contents == "30 x 40 pixels, 532 of them labelled"
    assert check("multimodal-mat", mats / "full-map-called-mask_test").ok


def test_the_only_map_may_be_called_a_training_map_too(tmp_path: Path) -> None:
    savemat(tmp_path / "a.mat", {"X": SCENE.hsi, "sar": SCENE.aux, "TRLabel": SCENE.labels})
    truth = get("multimodal-mat").survey(tmp_path).source.ground_truth
    assert truth.lists is None and np.array_equal(truth.labels_HW, SCENE.labels)


def test_nan_is_unlabelled_with_a_word(mats: Path, tmp_path: Path) -> None:
    survey = get("multimodal-mat").survey(mats / "nan-labels")
    assert survey.contents == "30 x 40 pixels, 532 of them labelled"
    words = "holds 668 values that are no number (NaN): they are read as 0, unlabelled."
    (warning,) = get("multimodal-mat").prepare(mats / "nan-labels", tmp_path, 5).warnings
    assert warning.endswith(words)
    report = check("multimodal-mat", mats / "nan-labels")
    assert report.ok and any(words in line for line in report.sentences())


@pytest.mark.parametrize("layout", ["trento, maps", "trento, Italy", "houston2013, maps"])
def test_nan_is_unlabelled_in_every_layout(layout: str, tmp_path: Path) -> None:
    name, write = mat_scenes.LAYOUTS[layout]
    holed = [np.where(part == 0, np.nan, part) for part in (SCENE.labels, SCENE.train, SCENE.test)]
    write(tmp_path, mat_scenes.Scene(SCENE.hsi, SCENE.aux, *holed), mat_scenes.save5)
    truth = get(name).survey(tmp_path).source.ground_truth
    assert np.array_equal(truth.labels_HW, SCENE.labels)
    assert len(truth.warnings) == (1 if "Italy" in layout else 3)


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [("nodata-9999", -9999, "-9999"), ("nodata-1e10", 1e10, "1e+10"), ("nodata-3e38", 3.4028235e38, "3.40282e+38")],
)
def test_values_for_missing_data_are_named(name: str, value: float, shown: str, mats: Path, tmp_path: Path) -> None:
    report = check("multimodal-mat", mats / name)
    assert not report.ok and [values.name for values in report.values if values.fills] == ["other modality"]
    sentence = f"other modality: the value {shown}, far from all others (-4.02316 to 14.3075), fills 60 pixels; "
    assert any(line.startswith(sentence) for line in report.sentences())
    pixels = get("multimodal-mat").prepare(mats / name, tmp_path, 5)
    assert any(sentence in warning for warning in pixels.warnings)
    assert check("multimodal-mat", mats / "ok").ok


def test_pixels_that_are_all_zero_in_the_cube_are_fill_and_no_missing_data(tmp_path: Path) -> None:
    hsi, lidar = SCENE.hsi + 10_000, SCENE.aux + 400
    hsi[:2], lidar[:2] = 0, 0
    savemat(tmp_path / "a.mat", {"hsi": hsi, "lidar": lidar, "gt": SCENE.labels})
    report = check("multimodal-mat", tmp_path)
    by_name = {values.name: [fill.value for fill in values.fills] for values in report.values}
    assert by_name == {"HSI": [], "other modality": [0.0]}, "heights of 400 m with holes of 0 m"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"gt": csc_matrix(SCENE.labels.astype(float))}, r"gt \(a sparse matrix: save full\(gt\) instead\)"),
        ({"gt": {"labels": SCENE.labels}}, r"gt \(a struct: save the array in it by itself\)"),
        ({"gt": mat_scenes.cells([SCENE.labels])}, r"gt \(a cell array: save the array in it by itself\)"),
        ({"hsi": SCENE.hsi * 1j}, r"hsi \(complex numbers: save real\(hsi\) or abs\(hsi\) instead\)"),
        (
            {"gt": SCENE.labels + 0.5},
            r'"gt" \(24 x 40\) in .* is no label map: it holds values that are no whole numbers',
        ),
    ],
)
def test_what_cannot_be_read_is_named_as_what_it_is(changes: dict, words: str, tmp_path: Path) -> None:
    savemat(tmp_path / "a.mat", {"hsi": SCENE.hsi, "lidar": SCENE.aux, "gt": SCENE.labels} | changes)
    with pytest.raises(RsbenchError, match=words):
        get("multimodal-mat").survey(tmp_path)


def test_complex_numbers_in_hdf5_are_named_too(tmp_path: Path) -> None:
    mat_scenes.mmrs(tmp_path, SCENE, mat_scenes.save73, "Trento")
    with h5py.File(tmp_path / "Trento" / "HSI.mat", "w") as file:
        file["HSI"] = (SCENE.hsi.T * 1j).astype("c8")
    with pytest.raises(RsbenchError, match=r"the hyperspectral cube.*HSI \(complex numbers"):
        get("trento").survey(tmp_path)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00bad", b'a,\x00b\n"open'])
def test_names_of_classes_that_cannot_be_read_are_one_sentence(content: bytes, tmp_path: Path) -> None:
    savemat(tmp_path / "a.mat", {"hsi": SCENE.hsi, "lidar": SCENE.aux, "gt": SCENE.labels})
    (tmp_path / "classes.csv").write_bytes(content)
    with pytest.raises(RsbenchError, match=r"classes\.csv|classes"):
        get("multimodal-mat").survey(tmp_path).source.ground_truth  # noqa: B018 - read on first use


def test_any_scene_is_told_apart_by_shapes(tmp_path: Path) -> None:
    mat_scenes.save5(tmp_path / "everything.mat", {"X": BOTH.hsi, "sar": BOTH.aux, "truth": BOTH.labels})
    (tmp_path / "classes.csv").write_text("label,name\n1,field\n2,lake\n3,road\n")
    pixels = get("multimodal-mat").prepare(tmp_path, tmp_path / "cache", 5)
    assert pixels.class_names == ("field", "lake", "road") and not pixels.official
    assert np.array_equal(pixels.hsi(), BOTH.hsi) and np.array_equal(pixels.aux(), BOTH.aux)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"gt": None}, "no label map"),
        ({"more": BOTH.aux}, "3 cubes and 0 other arrays of 24 x 40 pixels"),
        ({"HSI": None, "LiDAR": SCENE.aux}, "0 cubes and 1 other array of 24 x 40 pixels"),
        ({"train": SCENE.train}, "a list of train pixels, but not the other"),
    ],
)
def test_any_scene_that_is_not_clear_is_refused(changes: dict, words: str, tmp_path: Path) -> None:
    arrays = {"HSI": BOTH.hsi, "LiDAR": BOTH.aux, "gt": BOTH.labels} | changes
    mat_scenes.one_array_a_file(tmp_path, mat_scenes.save5, {k: v for k, v in arrays.items() if v is not None})
    with pytest.raises(RsbenchError, match=words) as caught:
        get("multimodal-mat").survey(tmp_path)
    assert "gt.mat: gt (24 x 40)" in str(caught.value) or changes.get("gt", 1) is None


def test_what_lies_beside_a_map_is_no_map(tmp_path: Path) -> None:
    savemat(tmp_path / "a.mat", {"hsi": SCENE.hsi})
    savemat(tmp_path / "gt.mat", {"gt": SCENE.labels, "palette": np.eye(3)})
    source = get("multimodal-mat").survey(tmp_path).source
    assert source.labels is not None and source.labels.name == "gt"


def test_labels_without_pixels_are_named(tmp_path: Path) -> None:
    labels = np.where(SCENE.labels == SCENE.labels.max(), 60, SCENE.labels).astype(np.uint8)
    savemat(tmp_path / "a.mat", {"hsi": SCENE.hsi, "gt": labels})
    survey = get("multimodal-mat").survey(tmp_path)
    (warning,) = survey.warnings
    first = int(SCENE.labels.max())
    assert warning.endswith(
        f"with {first}, {first + 1}, {first + 2}, {first + 3}, {first + 4}, ..., but some with 60: "
        "those are empty classes."
    )
    assert any(warning in line for line in check("multimodal-mat", tmp_path).sentences())
