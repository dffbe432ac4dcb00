"""``data check``: counts, files that cannot be read, the same picture twice."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rsbench import datasets
from rsbench.errors import RsbenchError


def test_counts_and_nothing_wrong(tmp_path: Path, write_images) -> None:
    write_images("NWPU-RESISC45/{c}/{c}_{i:03d}.jpg", ("beach", "lake"), 10)
    calls: list[tuple[int, int]] = []
    report = datasets.check("nwpu45", tmp_path, lambda *call: calls.append(call))
    assert report.ok and not report.duplicates and not report.leaks
    assert (report.class_counts["beach"], report.class_counts["palace"]) == (10, 0)
    assert report.part == "part: 2 of 45 classes, 20 of 31,500 images"
    assert report.sizes == {(20, 20): 20}
    assert calls[-1] == (20, 20)
    text = "\n".join(report.sentences())
    assert "20 images, 2 of 45 classes, 10 images in each of them." in text
    assert "palace" in text and "All images can be read." in text


def test_unreadable_files_are_all_listed(tmp_path: Path, write_images) -> None:
    write_images("{c}/{i}.jpg", ("field", "lake"), 5)
    for name in ("field/1.jpg", "lake/4.jpg"):
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:-100])
    report = datasets.check("imagefolder", tmp_path)
    assert not report.ok
    assert [bad.file for bad in report.unreadable] == [str(tmp_path / "field/1.jpg"), str(tmp_path / "lake/4.jpg")]
    assert all("truncated" in bad.reason for bad in report.unreadable)


def test_duplicates_between_splits_and_within_one(tmp_path: Path, write_images) -> None:
    write_images("train/{c}/{i}.png", ("field", "lake"), 20)
    write_images("test/{c}/t{i}.png", ("field", "lake"), 0)
    for source, target in (("train/field/3.png", "test/field/t3.png"), ("train/lake/4.png", "train/lake/99.png")):
        (tmp_path / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(tmp_path / source, tmp_path / target)
    report = datasets.check("imagefolder", tmp_path)
    assert {group.names for group in report.duplicates} == {
        ("train/field/3.png", "test/field/t3.png"),
        ("train/lake/4.png", "train/lake/99.png"),
    }
    leaked = {group.names for group in report.leaks}
    assert ("train/field/3.png", "test/field/t3.png") in leaked
    assert report.ok, "duplicates are facts, not faults"
    assert any("in two parts of the split" in line for line in report.sentences())


def test_one_picture_with_two_labels_is_seen(tmp_path: Path, write_images) -> None:
    write_images("{c}/{i}.png", ("field", "lake"), 5)
    shutil.copy(tmp_path / "field/0.png", tmp_path / "lake/x.png")
    (group,) = datasets.check("imagefolder", tmp_path).duplicates
    assert group.between_classes and group.classes == ("field", "lake")


def test_too_few_for_a_split_is_still_checked(tmp_path: Path, write_images) -> None:
    write_images("{c}/{i}.png", ("field", "lake"), 1)
    report = datasets.check("imagefolder", tmp_path)
    assert report.ok and report.images == 2 and report.split.startswith("none")
    assert any(line.startswith("Split: none (The split") for line in report.sentences())


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_a_zip_is_checked_in_place(tmp_path: Path, write_images, zip_folder) -> None:
    write_images("{c}/{c}{i:02d}.tif", ("beach",), 3, root=tmp_path / "plain")
    (tmp_path / "plain/beach/beach01.tif").write_bytes(b"II*\0 broken")
    zip_folder(tmp_path / "plain", tmp_path / "UCMerced_LandUse.zip", "UCMerced_LandUse/Images")
    (bad,) = datasets.check("ucm21", tmp_path).unreadable
    assert bad.file == f"UCMerced_LandUse/Images/beach/beach01.tif in {tmp_path / 'UCMerced_LandUse.zip'}"


def test_missing_data(tmp_path: Path) -> None:
    with pytest.raises(RsbenchError, match="was not found; looked at"):
        datasets.check("ucm21", tmp_path)
