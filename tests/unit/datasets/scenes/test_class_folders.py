"""Finding pictures: official layouts, zips, and what is wrong with them."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

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
