"""Your own pictures: class folders, with or without a fixed split."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from rsbench.datasets import get
from rsbench.errors import RsbenchError


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
