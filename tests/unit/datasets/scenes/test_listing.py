"""What stands among pictures: links that lead nowhere, FIFOs, folders, other formats. Folders and zips alike."""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from rsbench.datasets import get
from rsbench.datasets.scenes import listing
from rsbench.datasets.scenes.source import Source
from rsbench.errors import RsbenchError

UCM = "UCMerced_LandUse/Images/{c}/{c}{i:02d}.tif"
Locate = Callable[[Path], Source]


def _as_folder(root: Path) -> Source:
    return get("ucm21").locate(root)


def _as_zip(root: Path) -> Source:
    """Pack what stands below the root, links and special files as such, as ``zip --symlinks`` does."""
    zipped = root.with_name("zipped")
    zipped.mkdir()
    with zipfile.ZipFile(zipped / "UCMerced_LandUse.zip", "w") as archive:
        for path in sorted(root.rglob("*")):
            info = zipfile.ZipInfo(str(path.relative_to(root)) + ("/" if path.is_dir() else ""))
            mode = path.lstat().st_mode
            info.external_attr = mode << 16
            archive.writestr(info, path.read_bytes() if stat.S_ISREG(mode) else b"")
    return get("ucm21").locate(zipped)


ways = pytest.mark.parametrize("locate", [_as_folder, _as_zip])


@pytest.fixture
def beach(tmp_path: Path, write_images) -> Path:
    """Return the folder of one class of a small UCM-21."""
    write_images(UCM, ("beach", "forest"), 3, root=tmp_path / "root")
    return tmp_path / "root/UCMerced_LandUse/Images/beach"


@ways
def test_what_is_no_plain_file_is_named_and_the_class_stays(locate: Locate, beach: Path, tmp_path: Path) -> None:
    (beach / "gone.jpg").symlink_to("/scratch/purged/gone.jpg")
    (beach / "zero.tif").symlink_to("/dev/zero")
    os.mkfifo(beach / "pipe.png")
    (beach / "folder.jpg").mkdir()
    source = locate(tmp_path / "root")
    assert len(source.pictures) == 6
    reasons = {Path(one.file.split(" in ")[0]).name: one.reason for one in source.unreadable}
    assert set(reasons) == {"gone.jpg", "zero.tif", "pipe.png", "folder.jpg"}
    if locate is _as_folder:
        assert reasons["gone.jpg"] == "it is a link to /scratch/purged/gone.jpg, where nothing stands"
        assert reasons["zero.tif"] == "it is a device, not a plain file"
        assert reasons["pipe.png"] == "it is a FIFO, not a plain file"
    else:
        assert reasons["gone.jpg"] == reasons["pipe.png"] == "it is a link or device, not a plain file"
    assert reasons["folder.jpg"] == "it is a folder, not a plain file"
    assert sum("is left out: " in sentence for sentence in source.sentences) == 4


@ways
def test_a_picture_that_is_too_large_is_named(locate: Locate, beach: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(listing, "MAX_PICTURE_BYTES", 5000)
    (beach / "large.tif").write_bytes(bytes(5001))
    source = locate(tmp_path / "root")
    assert len(source.pictures) == 6
    (large,) = source.unreadable
    assert large.reason == "it has 5,001 bytes, and at most 5,000 are read"


@ways
def test_other_formats_and_folders_within_are_told(locate: Locate, beach: Path, tmp_path: Path) -> None:
    for name in ("a.gif", "b.GIF", "c.jp2", "readme.txt", "beach.tfw"):
        (beach / name).write_bytes(b"x")
    (beach / "more").mkdir()
    (beach / "more/beach99.tif").write_bytes(b"x")
    source = locate(tmp_path / "root")
    assert len(source.pictures) == 6 and not source.unreadable
    others, nested = source.warnings
    assert others == (
        "3 files (.gif 2, .jp2 1) are left out; pictures are files that end in "
        ".tif, .tiff, .png, .jpg, .jpeg, .bmp, .webp."
    )
    assert nested.startswith("Folders within class folders are not looked into: ") and "beach/more" in nested


@ways
def test_junk_is_left_out_in_silence(locate: Locate, beach: Path, tmp_path: Path) -> None:
    for name in ("__MACOSX/beach/._beach00.tif", "@eaDir/beach/beach00.tif", ".hidden/beach/beach07.tif"):
        path = tmp_path / "root/UCMerced_LandUse/Images" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(b"junk")
    (beach / "@eaDir").mkdir()
    (beach / "@eaDir/beach00.tif").write_bytes(b"thumbnail")
    source = locate(tmp_path / "root")
    assert len(source.pictures) == 6 and source.sentences == ()


@ways
def test_other_formats_alone_are_named(locate: Locate, beach: Path, tmp_path: Path) -> None:
    for path in [*beach.iterdir(), *(beach.parent / "forest").iterdir()]:
        path.rename(path.with_suffix(".jp2"))
    with pytest.raises(RsbenchError, match=r"6 files \(\.jp2 6\).*files that end in \.tif, \.tiff, \.png, \.jpg"):
        locate(tmp_path / "root")


def test_a_class_folder_that_is_a_dead_link_is_named(beach: Path, tmp_path: Path) -> None:
    (beach.parent / "harbor").symlink_to("/scratch/purged/harbor")
    report = get("ucm21").check(tmp_path / "root")
    assert f"{beach.parent / 'harbor'} cannot be read: it is a link to /scratch/purged/harbor" in "".join(
        report.sentences()
    )
    assert not report.ok


def test_warnings_reach_who_plans_and_who_trains(beach: Path, tmp_path: Path) -> None:
    (beach / "gone.tif").symlink_to("/scratch/gone.tif")
    dataset = get("ucm21")
    sentence = f"{beach / 'gone.tif'} is left out: it is a link to /scratch/gone.tif, where nothing stands."
    assert sentence in dataset.survey(tmp_path / "root").warnings
    assert sentence in dataset.prepare(tmp_path / "root", tmp_path / "cache", 16).warnings
    (beach / "gone.tif").unlink()
    assert sentence not in dataset.prepare(tmp_path / "root", tmp_path / "cache", 16).warnings


def test_a_long_list_is_cut(beach: Path, tmp_path: Path) -> None:
    for number in range(9):
        (beach / f"gone{number}.tif").symlink_to("/gone")
    sentences = get("ucm21").locate(tmp_path / "root").sentences
    assert len(sentences) == 6 and sentences[-1] == "4 more files are left out because they cannot be read."
