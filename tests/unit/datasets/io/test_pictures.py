"""Heads of picture files; how pictures are decoded, the tests of scenes say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from rsbench.datasets.io import pictures
from rsbench.datasets.io.pictures import BrokenPicture, picture_size


def test_the_size_comes_from_the_head_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.effect_noise((300, 200), 50).save(path)
    path.write_bytes(path.read_bytes()[:100])
    assert picture_size(path) == (200, 300)


def test_files_without_a_head_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.png"
    with pytest.raises(BrokenPicture, match="No such file or directory"):
        picture_size(path)
    path.write_bytes(b"")
    with pytest.raises(BrokenPicture, match="it is damaged, or no TIFF, PNG"):
        picture_size(path)
    Image.new("L", (50, 30)).save(path)
    monkeypatch.setattr(pictures, "_MAX_PIXELS", 1000)
    with pytest.raises(BrokenPicture, match="it has 50 x 30 pixels, at most 1,000 are read"):
        picture_size(path)


def test_a_fifo_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(BrokenPicture, match="it is a FIFO, not a plain file"):
        picture_size(tmp_path / "a.png")
