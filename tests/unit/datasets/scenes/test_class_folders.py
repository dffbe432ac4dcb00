"""Finding pictures: official layouts, zips, lists, and what is wrong with them."""

from __future__ import annotations

import shutil
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rsbench.datasets import get
from rsbench.datasets.scenes.class_folders import FolderSource, ZipSource
from rsbench.errors import RsbenchError

UCM = "UCMerced_LandUse/Images/{c}/{c}{i:02d}"


def test_ucm_reads_the_tif_release_and_jpg_copies(tmp_path: Path, write_images) -> None:
    for suffix in (".tif", ".jpg"):
        root = write_images(UCM + suffix, ("beach", "forest"), 3, root=tmp_path / suffix[1:])
        source = get("ucm21").locate(root)
        assert [picture.name for picture in source.pictures][:2] == [f"beach/beach00{suffix}", f"beach/beach01{suffix}"]
        assert len(source.pictures) == 6


def test_a_picture_in_two_formats_counts_once_as_tif(tmp_path: Path, write_images) -> None:
    write_images(UCM + ".jpg", ("beach",), 3)
    write_images(UCM + ".tif", ("beach",), 2)
    names = [picture.name for picture in get("ucm21").locate(tmp_path).pictures]
    assert names == ["beach/beach00.tif", "beach/beach01.tif", "beach/beach02.jpg"]


def test_hidden_and_other_files_are_no_pictures(tmp_path: Path, write_images) -> None:
    write_images(UCM + ".tif", ("beach",), 2)
    folder = tmp_path / "UCMerced_LandUse/Images/beach"
    (folder / "._beach00.tif").write_bytes(b"macOS")
    (folder / "Thumbs.db").write_bytes(b"Windows")
    assert len(get("ucm21").locate(tmp_path).pictures) == 2


@pytest.mark.parametrize(
    ("name", "pattern", "place"),
    [
        ("ucm21", "{c}/{c}{i:02d}.tif", ("UCMerced_LandUse.zip", "UCMerced_LandUse/Images")),
        ("nwpu45", "{c}/{c}_{i:03d}.jpg", ("NWPU-RESISC45.zip", "NWPU-RESISC45")),
        ("eurosat", "{c}/{c}_{i}.jpg", ("eurosat/EuroSAT.zip", "2750")),
    ],
)
def test_the_zip_in_place_equals_the_folders(
    name: str, pattern: str, place: tuple[str, str], *, tmp_path: Path, write_images, zip_folder
) -> None:
    dataset, (archive, prefix) = get(name), place
    assert dataset.class_names is not None
    plain = tmp_path / "plain"
    write_images(pattern, dataset.class_names[:3], 4, root=plain)
    zip_folder(plain, tmp_path / "zipped" / archive, prefix)
    shutil.copytree(plain, (tmp_path / "folders" / archive).parent / prefix)
    zipped, folders = dataset.locate(tmp_path / "zipped"), dataset.locate(tmp_path / "folders")
    assert isinstance(zipped, ZipSource) and isinstance(folders, FolderSource)
    assert zipped.fingerprint() == folders.fingerprint()
    left = dataset.prepare(tmp_path / "zipped", tmp_path / "cache1", 16)
    right = dataset.prepare(tmp_path / "folders", tmp_path / "cache2", 16)
    assert np.array_equal(left.images(), right.images()) and np.array_equal(left.labels(), right.labels())


def test_macos_leftovers_in_a_zip_are_skipped(tmp_path: Path, write_images, zip_folder) -> None:
    write_images("{c}/{c}_{i:03d}.jpg", ("beach",), 2, root=tmp_path / "plain")
    zip_folder(tmp_path / "plain", tmp_path / "NWPU-RESISC45.zip", "NWPU-RESISC45")
    with zipfile.ZipFile(tmp_path / "NWPU-RESISC45.zip", "a") as archive:
        archive.writestr("__MACOSX/NWPU-RESISC45/beach/beach_009.jpg", b"x")
        archive.writestr("NWPU-RESISC45/beach/._beach_001.jpg", b"x")
    assert len(get("nwpu45").locate(tmp_path).pictures) == 2


def test_a_damaged_zip_is_named(tmp_path: Path) -> None:
    (tmp_path / "UCMerced_LandUse.zip").write_bytes(b"PK\x03\x04 half a download")
    with pytest.raises(RsbenchError, match=r"UCMerced_LandUse\.zip is not a whole zip archive"):
        get("ucm21").locate(tmp_path)


def test_another_zip_is_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "UCMerced_LandUse.zip", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(RsbenchError, match="holds no picture of the classes agricultural"):
        get("ucm21").locate(tmp_path)


def test_a_rar_is_met_with_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "NWPU-RESISC45.rar").write_bytes(b"Rar!")
    with pytest.raises(RsbenchError, match=r"NWPU-RESISC45\.rar is a RAR archive.*unar NWPU-RESISC45\.rar"):
        get("nwpu45").locate(tmp_path)


def _write_lists(root: Path, **lists: list[str]) -> None:
    for part, names in lists.items():
        (root / f"resisc45-{part}.txt").write_text("".join(f"{name}\n" for name in names))


def test_official_lists_are_used_and_what_is_not_on_disk_is_counted(tmp_path: Path, write_images) -> None:
    write_images("NWPU-RESISC45/{c}/{c}_{i:03d}.jpg", ("beach", "lake"), 4)
    _write_lists(
        tmp_path,
        train=["beach_000.jpg", "lake_000.jpg", "lake_001.jpg", "palace_001.jpg"],
        val=["beach_001.jpg", "lake_002.jpg"],
        test=["beach_002.jpg", "lake_003.jpg", "palace_002.jpg"],
    )
    scenes = get("nwpu45").prepare(tmp_path, tmp_path / "cache", 16)
    names, first, second = scenes.names(), scenes.split("official", 0), scenes.split("official", 1)
    assert [names[i] for i in first.train] == ["beach/beach_000.jpg", "lake/lake_000.jpg", "lake/lake_001.jpg"]
    assert [names[i] for i in first.test] == ["beach/beach_002.jpg", "lake/lake_003.jpg"]
    assert np.array_equal(first.train, second.train)
    assert "2 of 9 names not on disk skipped" in first.description
    assert "1 images in no list left out" in first.description
    assert first.description.endswith("3 train, 2 val, 2 test")


def test_lists_name_tif_where_jpg_stand(tmp_path: Path, write_images) -> None:
    write_images(UCM + ".jpg", ("beach",), 3)
    for part, name in (("train", "beach00.tif"), ("val", "beach01.tif"), ("test", "beach02.tif")):
        (tmp_path / f"uc_merced-{part}.txt").write_text(name)
    split = get("ucm21").prepare(tmp_path, tmp_path / "cache", 16).split("official", 0)
    assert [list(part) for part in (split.train, split.val, split.test)] == [[0], [1], [2]]


def test_a_missing_list_falls_back_with_a_warning(tmp_path: Path, write_images) -> None:
    write_images("NWPU-RESISC45/{c}/{c}_{i:03d}.jpg", ("beach", "lake"), 10)
    _write_lists(tmp_path, train=["beach_000.jpg"], test=["lake_000.jpg"])
    scenes = get("nwpu45").prepare(tmp_path, tmp_path / "cache", 16)
    assert any("resisc45-val.txt missing" in warning for warning in scenes.warnings)
    assert scenes.split("official", 0).description.startswith("80/10/10 per class")


def test_overlapping_lists_are_refused(tmp_path: Path, write_images) -> None:
    write_images("NWPU-RESISC45/{c}/{c}_{i:03d}.jpg", ("beach",), 3)
    _write_lists(tmp_path, train=["beach_000.jpg"], val=["beach_001.jpg"], test=["beach_000.jpg"])
    with pytest.raises(RsbenchError, match=r"beach/beach_000\.jpg stands in both"):
        get("nwpu45").locate(tmp_path)


def test_fingerprint_follows_names_sizes_and_lists(tmp_path: Path, write_images) -> None:
    write_images("NWPU-RESISC45/{c}/{c}_{i:03d}.jpg", ("beach",), 3)
    dataset, seen = get("nwpu45"), set()
    seen.add(dataset.fingerprint(tmp_path))
    assert dataset.fingerprint(tmp_path) in seen
    _write_lists(tmp_path, train=["beach_000.jpg"], val=["beach_001.jpg"], test=["beach_002.jpg"])
    seen.add(dataset.fingerprint(tmp_path))
    (tmp_path / "NWPU-RESISC45/beach/beach_001.jpg").write_bytes(b"other size")
    seen.add(dataset.fingerprint(tmp_path))
    (tmp_path / "NWPU-RESISC45/beach/beach_002.jpg").unlink()
    seen.add(dataset.fingerprint(tmp_path))
    assert len(seen) == 4


def test_fingerprint_is_quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of NWPU-45 in a tenth of a second of CPU time, so that a finished grid is recognised at once."""
    dataset = get("nwpu45")
    monkeypatch.setattr(type(dataset), "images", 45 * 70)
    assert dataset.class_names is not None
    for name in dataset.class_names:
        (tmp_path / "NWPU-RESISC45" / name).mkdir(parents=True)
        for number in range(1, 71):
            (tmp_path / "NWPU-RESISC45" / name / f"{name}_{number:03d}.jpg").touch()
    started = time.process_time()
    dataset.fingerprint(tmp_path)
    assert time.process_time() - started < 0.1
    assert dataset.part(dataset.locate(tmp_path)) is None


def test_imagefolder_names_the_empty_class(tmp_path: Path, write_images) -> None:
    write_images("{c}/{i}.png", ("field", "lake"), 3)
    (tmp_path / "marsh").mkdir()
    with pytest.raises(RsbenchError, match=r"class folder .*marsh holds no image"):
        get("imagefolder").locate(tmp_path)


def test_imagefolder_needs_two_classes(tmp_path: Path, write_images) -> None:
    write_images("{c}/{i}.png", ("field",), 3)
    with pytest.raises(RsbenchError, match="one class only"):
        get("imagefolder").locate(tmp_path)


def test_imagefolder_with_fixed_split(tmp_path: Path, write_images) -> None:
    for part, count in (("train", 12), ("test", 3)):
        write_images(part + "/{c}/{i}.png", ("field", "lake"), count)
    scenes = get("imagefolder").prepare(tmp_path, tmp_path / "cache", 16)
    assert scenes.class_names == ("field", "lake")
    split = scenes.split("official", 0)
    names = scenes.names()
    assert {names[i].split("/")[0] for i in (*split.train, *split.val)} == {"train"}
    assert {names[i].split("/")[0] for i in split.test} == {"test"}
    assert (len(split.train), len(split.val), len(split.test)) == (22, 2, 6)


def test_imagefolder_refuses_a_class_that_train_lacks(tmp_path: Path, write_images) -> None:
    write_images("train/{c}/{i}.png", ("field", "lake"), 3)
    write_images("test/{c}/{i}.png", ("field", "marsh"), 3)
    with pytest.raises(RsbenchError, match=r"marsh is a class that .*train does not have"):
        get("imagefolder").locate(tmp_path)


def test_imagefolder_reads_grey_and_transparent_pictures(tmp_path: Path) -> None:
    for name, mode in (("a", "L"), ("b", "RGBA")):
        (tmp_path / name).mkdir()
        Image.new(mode, (20, 30)).save(tmp_path / name / "x.png")
    assert get("imagefolder").prepare(tmp_path, tmp_path / "c", 16).images().shape == (2, 16, 16, 3)
