"""Scenes in all their layouts: found, converted once, checked; and what is refused."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import mat_scenes
import numpy as np
import pytest

from rsbench.datasets import Pixels, check, get
from rsbench.datasets.io import matlab, prepared_folder
from rsbench.errors import RsbenchError

SAVES = pytest.mark.parametrize("save", [mat_scenes.save5, mat_scenes.save73], ids=["v5", "v7.3"])
SCENE = mat_scenes.made(channels=2)
FLAT = mat_scenes.made()


@SAVES
@pytest.mark.parametrize("layout", mat_scenes.LAYOUTS)
def test_every_layout_gives_the_same_scene(layout: str, save, tmp_path: Path) -> None:
    name, write = mat_scenes.LAYOUTS[layout]
    write(tmp_path / "data", SCENE, save)
    dataset = get(name)
    calls: list[tuple[int, int]] = []
    pixels = dataset.prepare(tmp_path / "data", tmp_path / "cache", 5, progress=lambda *call: calls.append(call))
    assert np.array_equal(pixels.hsi(), SCENE.hsi) and np.array_equal(pixels.aux(), SCENE.aux)
    assert isinstance(pixels.hsi(), np.memmap) and not pixels.hsi().flags.writeable and pixels.hsi().flags.c_contiguous
    assert pixels.hsi().dtype == (np.float64 if name == "muufl" else np.int16), "as it is in the file"
    assert np.array_equal(pixels.labels(), SCENE.labels)
    assert calls[-1] == (48, 48)
    assert pixels == Pixels.load(pixels.folder)
    assert pixels.fingerprint == dataset.fingerprint(tmp_path / "data")
    survey = dataset.survey(tmp_path / "data")
    assert survey.inputs == {"classes": len(pixels.class_names), "hsi_bands": 6, "aux_channels": 2}
    split = pixels.split("official", 3)
    assert survey.train_samples("official", 3) == len(split.train)
    if pixels.official:
        assert np.array_equal(split.test, np.flatnonzero(SCENE.test))
        assert set(split.train) | set(split.val) <= set(np.flatnonzero(SCENE.train))
    else:
        assert "no official lists" in split.description
    if dataset.shape is not None:
        assert any("24 x 40 x 6" in warning for warning in pixels.warnings)


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


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    mat_scenes.mmrs(tmp_path, FLAT, folder="Houston2013")
    (tmp_path / "Houston2013" / "LiDAR.mat").unlink()
    with pytest.raises(
        RsbenchError, match=r"is not complete: .*Houston2013 lacks LiDAR\.mat\. It must stand like this"
    ):
        get("houston2013").survey(tmp_path)


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


@pytest.mark.parametrize(("side", "words"), [(8, "give an odd one, such as --image-size 9"), (51, "too large")])
def test_patch_sizes_that_cannot_be(side: int, words: str, tmp_path: Path) -> None:
    mat_scenes.mmrs(tmp_path, FLAT)
    with pytest.raises(RsbenchError, match=words):
        get("idtrees").prepare(tmp_path, tmp_path / "cache", side)


@pytest.mark.parametrize(
    ("first", "swapped", "words"),
    [
        (1, False, "rows and columns, counted from 1"),
        (0, False, "from 0"),
        (1, True, "columns and rows, counted from 1"),
    ],
)
def test_index_lists_are_read_as_they_are_meant(first: int, swapped: bool, words: str, tmp_path: Path) -> None:
    mat_scenes.ouc(tmp_path, FLAT, mat_scenes.save5, "Augsburg", "augsburg", "sar")
    lists = {"train": FLAT.train, "test": FLAT.test}
    step = -1 if swapped else 1
    given = {f"augsburg_{part}": mat_scenes.pairs(mask, first=first)[:, ::step] for part, mask in lists.items()}
    mat_scenes.save5(tmp_path / "Augsburg" / "augsburg_index.mat", given)
    truth = get("augsburg").survey(tmp_path).source.ground_truth
    assert words in truth.note
    for part, mask in lists.items():
        assert np.array_equal(truth.lists[part], np.flatnonzero(mask))


def test_index_lists_of_another_scene_are_refused(tmp_path: Path) -> None:
    mat_scenes.ouc(tmp_path, FLAT, mat_scenes.save5, "Augsburg", "augsburg", "sar")
    everywhere = mat_scenes.pairs(np.ones_like(FLAT.labels))
    mat_scenes.save5(
        tmp_path / "Augsburg" / "augsburg_index.mat", {"augsburg_train": everywhere, "augsburg_test": everywhere}
    )
    with pytest.raises(RsbenchError, match="belong to another label map"):
        get("augsburg").survey(tmp_path).train_samples("official", 0)


def test_any_scene_is_told_apart_by_shapes(tmp_path: Path) -> None:
    mat_scenes.save5(tmp_path / "everything.mat", {"X": SCENE.hsi, "sar": SCENE.aux, "truth": SCENE.labels})
    (tmp_path / "classes.csv").write_text("label,name\n1,field\n2,lake\n3,road\n")
    pixels = get("multimodal-mat").prepare(tmp_path, tmp_path / "cache", 5)
    assert pixels.class_names == ("field", "lake", "road") and not pixels.official
    assert np.array_equal(pixels.hsi(), SCENE.hsi) and np.array_equal(pixels.aux(), SCENE.aux)


def test_a_label_that_looks_like_none_is_refused(tmp_path: Path) -> None:
    labels = np.where(SCENE.labels == 0, np.uint8(255), SCENE.labels)
    mat_scenes.save5(tmp_path / "everything.mat", {"X": SCENE.hsi, "sar": SCENE.aux, "truth": labels})
    with pytest.raises(RsbenchError, match="a label 255 and none of 254: where that means unlabelled, write 0"):
        get("multimodal-mat").prepare(tmp_path, tmp_path / "cache", 5)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"gt": None}, "no label map"),
        ({"more": SCENE.aux}, "3 modalities"),
        ({"LiDAR": None}, "1 modalities"),
        ({"train": FLAT.train}, "a list of train pixels, but not the other"),
    ],
)
def test_any_scene_that_is_not_clear_is_refused(changes: dict, words: str, tmp_path: Path) -> None:
    arrays = {"HSI": SCENE.hsi, "LiDAR": SCENE.aux, "gt": SCENE.labels} | changes
    mat_scenes.one_array_a_file(tmp_path, mat_scenes.save5, {k: v for k, v in arrays.items() if v is not None})
    with pytest.raises(RsbenchError, match=words) as caught:
        get("multimodal-mat").survey(tmp_path)
    assert "HSI.mat: HSI (24 x 40 x 6)" in str(caught.value)


def test_the_second_call_converts_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mat_scenes.mmrs(tmp_path, FLAT)
    first = get("idtrees").prepare(tmp_path, tmp_path / "c", 5)
    monkeypatch.setattr(prepared_folder, "FileLock", lambda _: pytest.fail("nothing may be written"))
    assert get("idtrees").prepare(tmp_path, tmp_path / "c", 9) == first, "for any patch size"


def test_a_changed_file_is_converted_again(tmp_path: Path) -> None:
    mat_scenes.mmrs(tmp_path, FLAT, mat_scenes.save73)
    get("idtrees").prepare(tmp_path, tmp_path / "c", 5)
    path = tmp_path / "IDTReeS" / "HSI.mat"
    size, stat = path.stat().st_size, path.stat()
    mat_scenes.save73(path, {"HSI": FLAT.hsi + 1})
    assert path.stat().st_size == size
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 10**9))
    assert np.array_equal(get("idtrees").prepare(tmp_path, tmp_path / "c", 5).hsi(), FLAT.hsi + 1)


def test_a_full_disk_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mat_scenes.mmrs(tmp_path, FLAT)
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 100})())
    with pytest.raises(RsbenchError, match=r"cannot be written below .*0 MiB are free"):
        get("idtrees").prepare(tmp_path, tmp_path / "c", 5)
    assert not [entry for entry in (tmp_path / "c").iterdir() if entry.is_dir()]


def test_another_versions_copy_is_refused_and_made_anew(tmp_path: Path) -> None:
    mat_scenes.mmrs(tmp_path, FLAT)
    folder = get("idtrees").prepare(tmp_path, tmp_path / "c", 5).folder
    facts = json.loads((folder / "pixels.json").read_text())
    (folder / "pixels.json").write_text(json.dumps(facts | {"schema": 99}))
    with pytest.raises(RsbenchError, match="another version of rsbench"):
        Pixels.load(folder)
    assert get("idtrees").prepare(tmp_path, tmp_path / "c", 5).folder == folder
    with pytest.raises(RsbenchError, match="holds no prepared data"):
        Pixels.load(tmp_path)


def test_values_that_are_no_number_are_counted_and_told(tmp_path: Path) -> None:
    aux = FLAT.aux.copy()
    aux[0, :3] = [np.nan, np.inf, -np.inf]
    mat_scenes.mmrs(tmp_path, replace(FLAT, aux=aux))
    pixels = get("idtrees").prepare(tmp_path, tmp_path / "c", 5)
    assert pixels.not_finite == 3 and any("3 values that are no number" in warning for warning in pixels.warnings)
    found = check("idtrees", tmp_path)
    assert not found.ok and any("3 values are no number" in line for line in found.sentences())


def test_fill_is_found(tmp_path: Path) -> None:
    hsi = FLAT.hsi.copy()
    hsi[3:5, 7] = 0
    mat_scenes.mmrs(tmp_path, replace(FLAT, hsi=hsi))
    filled = get("idtrees").prepare(tmp_path, tmp_path / "c", 5).filled()
    assert np.argwhere(filled).tolist() == [[3, 7], [4, 7]]


def test_a_sound_scene_passes_the_check(tmp_path: Path) -> None:
    mat_scenes.mmrs(tmp_path, FLAT)
    found = check("idtrees", tmp_path)
    text = "\n".join(found.sentences())
    assert found.ok and "HSI, 24 x 40 x 6, int16" in text and "No pixel stands in two parts." in text
    assert found.class_counts["Pinus palustris"]["labelled"] == np.count_nonzero(FLAT.labels == 1)


def test_the_check_finds_pixels_in_both_lists_and_other_labels(tmp_path: Path) -> None:
    train = FLAT.train.copy()
    shared = np.flatnonzero(FLAT.test)[:5]
    train.flat[shared] = 1 + FLAT.test.flat[shared] % 3
    mat_scenes.mmrs(tmp_path, replace(FLAT, train=train))
    found = check("idtrees", tmp_path)
    assert (found.shared, found.conflicts, found.ok) == (5, 5, False)
    split = get("idtrees").prepare(tmp_path, tmp_path / "c", 5).split("official", 0)
    assert not set(split.train) & set(split.test) and any("they only test" in warning for warning in split.warnings)


def test_survey_reads_no_cube(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mat_scenes.mmrs(tmp_path, FLAT)
    read = matlab.MatArray.rows

    def small_only(array: matlab.MatArray, axes):
        assert len(array.shape) == 2, "the cube is read"
        return read(array, axes)

    monkeypatch.setattr(matlab.MatArray, "rows", small_only)
    survey = get("idtrees").survey(tmp_path)
    assert survey.train_samples("official", 0) > 0 and "24 x 40 pixels" in survey.contents
