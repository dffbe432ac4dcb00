"""Decoding once: what is kept, when it is made anew, and how it fails."""

from __future__ import annotations

import multiprocessing
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from rsbench.datasets import Scenes, get
from rsbench.datasets.io import prepared_folder
from rsbench.datasets.scenes import prepared
from rsbench.errors import RsbenchError


@pytest.fixture
def root(tmp_path: Path, write_images) -> Path:
    write_images("data/{c}/{i}.png", ("field", "lake"), 6)
    return tmp_path / "data"


def test_the_second_call_decodes_nothing(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = get("imagefolder").prepare(root, tmp_path / "c", 16)
    monkeypatch.setattr(prepared, "_decode_all", lambda *_: pytest.fail("decoded again"))
    assert get("imagefolder").prepare(root, tmp_path / "c", 16) == first
    assert first.folder.name == f"imagefolder-16-{first.fingerprint}"
    assert sorted(path.name for path in first.folder.iterdir()) == [
        "images.npy",
        "labels.npy",
        "names.txt",
        "scenes.json",
        "sums.npy",
    ]


def test_each_size_has_its_own_copy(root: Path, tmp_path: Path) -> None:
    small, large = (get("imagefolder").prepare(root, tmp_path / "c", size) for size in (16, 32))
    assert small.folder != large.folder and large.images().shape == (12, 32, 32, 3)


def test_a_file_changed_in_place_is_decoded_again(root: Path, tmp_path: Path) -> None:
    before = np.array(get("imagefolder").prepare(root, tmp_path / "c", 16).images())
    path = root / "field" / "0.png"
    data, stat = path.read_bytes(), path.stat()
    path.write_bytes((root / "field" / "1.png").read_bytes()[: len(data)].ljust(len(data), b"\0"))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 10**9))
    after = np.array(get("imagefolder").prepare(root, tmp_path / "c", 16).images())
    assert not np.array_equal(before[0], after[0]) and np.array_equal(before[1:], after[1:])


def test_a_broken_copy_is_made_anew(root: Path, tmp_path: Path) -> None:
    scenes = get("imagefolder").prepare(root, tmp_path / "c", 16)
    (scenes.folder / "scenes.json").write_text("{")
    assert len(get("imagefolder").prepare(root, tmp_path / "c", 16)) == 12


def test_what_a_killed_process_left_behind_is_removed(root: Path, tmp_path: Path) -> None:
    name = f"imagefolder-16-{get('imagefolder').fingerprint(root)}"
    (tmp_path / "c" / f".{name}-killed").mkdir(parents=True)
    get("imagefolder").prepare(root, tmp_path / "c", 16)
    assert [path.name for path in (tmp_path / "c").iterdir() if path.is_dir()] == [name]


def test_a_ready_copy_is_used_from_a_read_only_cache(root: Path, tmp_path: Path, monkeypatch) -> None:
    ready = get("imagefolder").prepare(root, tmp_path / "c", 16)
    monkeypatch.setattr(prepared_folder, "FileLock", lambda _: pytest.fail("nothing may be written"))
    assert get("imagefolder").prepare(root, tmp_path / "c", 16) == ready


def test_load_of_no_copy_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(RsbenchError, match="holds no prepared data"):
        Scenes.load(tmp_path)


@pytest.mark.parametrize("kind", ["truncated", "empty", "text"])
def test_a_broken_picture_is_named_with_the_check_command(kind: str, tmp_path: Path, write_images) -> None:
    write_images("{c}/{i}.jpg", ("field", "lake"), 3)
    path = tmp_path / "lake" / "1.jpg"
    path.write_bytes({"truncated": path.read_bytes()[:400], "empty": b"", "text": b"<html>not found"}[kind])
    with pytest.raises(RsbenchError) as caught:
        get("imagefolder").prepare(tmp_path, tmp_path / "c", 16)
    assert str(path) in str(caught.value)
    assert f"rsbench data check imagefolder --data-root {tmp_path}" in str(caught.value)
    assert "BytesIO" not in str(caught.value)
    assert not [entry for entry in (tmp_path / "c").iterdir() if entry.is_dir()], "no half copy stays behind"


def test_a_full_disk_is_one_sentence(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: type("Usage", (), {"free": 100})())
    with pytest.raises(RsbenchError, match=r"cannot be written below .*0 MiB are free"):
        get("imagefolder").prepare(root, tmp_path / "c", 16)


def test_a_cache_root_that_is_a_file_is_one_sentence(root: Path, tmp_path: Path) -> None:
    (tmp_path / "c").write_text("")
    with pytest.raises(RsbenchError, match="cannot be written below"):
        get("imagefolder").prepare(root, tmp_path / "c", 16)


def test_too_small_a_size_is_refused(root: Path, tmp_path: Path) -> None:
    with pytest.raises(RsbenchError, match="image size 4 is too small"):
        get("imagefolder").prepare(root, tmp_path / "c", 4)


def _prepare(root: Path, cache_root: Path, counts: multiprocessing.Queue) -> None:
    calls: list[int] = []
    get("imagefolder").prepare(root, cache_root, 16, progress=lambda done, total: calls.append(done))
    counts.put(len(calls))


def test_processes_that_start_together_decode_once(root: Path, tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    counts = context.Queue()
    processes = [context.Process(target=_prepare, args=(root, tmp_path / "c", counts)) for _ in range(3)]
    for process in processes:
        process.start()
    decoded = sorted(counts.get(timeout=30) for _ in processes)
    for process in processes:
        process.join(30)
    assert decoded == [0, 0, 1]


def test_scaling_is_that_of_the_images_that_train_alone(root: Path, tmp_path: Path) -> None:
    scenes = get("imagefolder").prepare(root, tmp_path / "c", 16)
    images = scenes.images().astype(np.float64) / 255
    every = np.arange(len(scenes))
    for positions in (every[:3], every[5:], every):
        mean, std = scenes.channel_mean_std(positions)
        np.testing.assert_allclose(mean, images[positions].mean((0, 1, 2)), rtol=1e-12)
        np.testing.assert_allclose(std, images[positions].std((0, 1, 2)), rtol=1e-9)
