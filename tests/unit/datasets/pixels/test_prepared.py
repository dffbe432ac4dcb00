"""Scenes in all their layouts: converted once, made anew when they change."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import mat_scenes
import numpy as np
import pytest

from rsbench.datasets import Pixels, check, get
from rsbench.datasets.io import prepared_folder
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
    report = check("idtrees", tmp_path)
    assert not report.ok and any("3 values are no number" in line for line in report.sentences())


def test_fill_is_found(tmp_path: Path) -> None:
    hsi = FLAT.hsi.copy()
    hsi[3:5, 7] = 0
    mat_scenes.mmrs(tmp_path, replace(FLAT, hsi=hsi))
    filled = get("idtrees").prepare(tmp_path, tmp_path / "c", 5).filled()
    assert np.argwhere(filled).tolist() == [[3, 7], [4, 7]]
