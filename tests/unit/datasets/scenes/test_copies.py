"""Two files of one name: copies of one picture, or two pictures."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rsbench.datasets import get
from rsbench.datasets.scenes.copies import without_copies

UCM = "UCMerced_LandUse/Images/{c}/{c}{i:02d}"


def _scene(seed: int) -> Image.Image:
    """Return a smooth scene with some noise, as photographs have."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)).resize((64, 64))
    noisy = np.asarray(coarse, dtype=np.float64) + rng.normal(0, 4, (64, 64, 3))
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "UCMerced_LandUse/Images/beach"
    folder.mkdir(parents=True)
    for number in range(4):
        _scene(number).save(folder / f"beach{number:02d}.tif")
    return folder


@pytest.mark.parametrize("quality", [50, 75, 95])
def test_jpg_copies_are_left_out_and_counted(quality: int, folder: Path, tmp_path: Path) -> None:
    for number in range(3):
        _scene(number).save(folder / f"beach{number:02d}.jpg", quality=quality)
    source = get("ucm21").locate(tmp_path)
    assert [picture.name for picture in source.pictures] == [f"beach/beach{number:02d}.tif" for number in range(4)]
    assert source.warnings == ("3 pictures stand there in a second format too; the copies are left out.",)


def test_other_pictures_of_the_same_name_stay(folder: Path, tmp_path: Path) -> None:
    _scene(0).save(folder / "beach00.jpg", quality=90)
    for number in (1, 2):
        _scene(100 + number).save(folder / f"beach{number:02d}.jpg", quality=90)
    source = get("ucm21").locate(tmp_path)
    names = [picture.name.removeprefix("beach/beach") for picture in source.pictures]
    assert names == ["00.tif", "01.tif", "01.jpg", "02.tif", "02.jpg", "03.tif"]
    assert "1 pictures stand there in a second format too" in source.warnings[0]
    assert source.warnings[1] == (
        "2 pairs of one name in two formats are different pictures (beach/beach01.tif and beach/beach01.jpg); "
        "both are used."
    )


def test_a_suffix_in_capitals_is_a_format_of_its_own(folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "beach00.tif", folder / "beach00.TIF")
    _scene(9).save(folder / "beach01.TIF", format="TIFF")
    names = [picture.name for picture in get("ucm21").locate(tmp_path).pictures]
    assert "beach/beach00.tif" not in names or "beach/beach00.TIF" not in names
    assert {"beach/beach01.tif", "beach/beach01.TIF"} <= set(names) and len(names) == 5


def test_a_zip_is_looked_through_in_the_same_way(folder: Path, tmp_path: Path, zip_folder) -> None:
    _scene(0).save(folder / "beach00.jpg")
    _scene(50).save(folder / "beach01.jpg")
    zip_folder(folder.parents[1], tmp_path / "z/UCMerced_LandUse.zip", "UCMerced_LandUse")
    zipped, plain = get("ucm21").locate(tmp_path / "z"), get("ucm21").locate(tmp_path)
    assert [one.name for one in zipped.pictures] == [one.name for one in plain.pictures] and len(plain.pictures) == 5
    assert zipped.warnings == plain.warnings


def test_a_copy_that_cannot_be_read_stays_and_is_named(folder: Path, tmp_path: Path) -> None:
    (folder / "beach00.jpg").write_bytes(b"broken")
    assert len(get("ucm21").locate(tmp_path).pictures) == 5
    assert [Path(bad.file).name for bad in get("ucm21").check(tmp_path).unreadable] == ["beach00.jpg"]


def test_even_pictures_are_told_apart_by_their_grey(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    for name, grey in (("a.tif", 100), ("a.jpg", 101), ("b.tif", 100), ("b.jpg", 120)):
        Image.new("RGB", (64, 64), (grey, grey, grey)).save(folder / name)
    source = get("ucm21").locate(tmp_path)
    assert [one.name for one in source.pictures] == ["beach/a.tif", "beach/b.tif", "beach/b.jpg"]
    assert without_copies(source).pictures == source.pictures


def test_lists_find_the_format_that_they_name(folder: Path, tmp_path: Path) -> None:
    _scene(50).save(folder / "beach00.jpg")
    for part, name in (("train", "beach00.jpg"), ("val", "beach00.tif"), ("test", "beach01.jpg")):
        (tmp_path / f"uc_merced-{part}.txt").write_text(f"{name}\r\n")
    split = get("ucm21").prepare(tmp_path, tmp_path / "cache", 16).split("official", 0)
    assert [list(part) for part in (split.train, split.val, split.test)] == [[1], [0], [2]]
