"""From the bytes of an image file to square pixels."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rsbench.datasets.io import pictures
from rsbench.datasets.io.pictures import BrokenPicture
from rsbench.datasets.scenes.images import decode, square


def test_square_resizes_the_shorter_side_and_takes_the_centre() -> None:
    wide = np.zeros((32, 96, 3), dtype=np.uint8)
    wide[:, 32:64] = 200
    for image in (wide, wide.transpose(1, 0, 2)):
        small = np.asarray(square(Image.fromarray(image), 16))
        assert small.shape == (16, 16, 3)
        assert (small[1:-1, 1:-1] == 200).all() and small.min() > 150, "the filter reaches one pixel over the edge"


def test_a_picture_of_the_right_size_is_left_alone() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (24, 24, 3), dtype=np.uint8)
    assert np.array_equal(np.asarray(square(Image.fromarray(pixels), 24)), pixels)


def test_sixteen_bit_pixels_are_refused(tmp_path: Path) -> None:
    Image.fromarray(np.full((8, 8), 40_000, dtype=np.uint16)).save(tmp_path / "x.png")
    with pytest.raises(BrokenPicture, match="not 8 bits deep"):
        decode((tmp_path / "x.png").read_bytes(), None)


@pytest.mark.parametrize(
    ("side", "words"), [(10_000, "it has 10,000 x 10,000 pixels, at most"), (100_000, "it has more than 89,478,485")]
)
def test_giant_pictures_are_refused_by_their_head_in_our_words(side: int, words: str) -> None:
    head = io.BytesIO()
    Image.new("L", (1, 1)).save(head, "BMP")
    giant = bytearray(head.getvalue())
    giant[18:26] = struct.pack("<ii", side, side)
    call = "import sys; from rsbench.datasets.scenes.images import decode; decode(sys.stdin.buffer.read(), None)"
    done = subprocess.run([sys.executable, "-c", call], input=bytes(giant), capture_output=True, check=False)
    assert words in done.stderr.decode().splitlines()[-1] and b"Warning" not in done.stderr


@pytest.mark.parametrize("kind", ["GIF", "ICO", "JPEG2000", "EPS", "PPM", "TGA", "PCX", "ICNS"])
def test_only_promised_formats_are_read_whatever_the_name(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.BytesIO()
    Image.new("RGB", (32, 32), (9, 8, 7)).save(file, kind)
    Image.init()
    started = []
    for name, (_, accept) in dict(Image.OPEN).items():
        if name not in ("TIFF", "PNG", "JPEG", "BMP", "WEBP"):
            monkeypatch.setitem(Image.OPEN, name, (lambda *_, name=name: started.append(name), accept))
    with pytest.raises(BrokenPicture, match="it is damaged, or no TIFF, PNG, JPEG, BMP or WEBP image"):
        decode(file.getvalue(), 16)
    assert started == []


@pytest.mark.parametrize("kind", ["TIFF", "PNG", "JPEG", "BMP", "WEBP", "MPO"])
def test_promised_formats_are_read(kind: str) -> None:
    file = io.BytesIO()
    Image.new("RGB", (32, 32), (200, 100, 50)).save(file, kind)
    assert np.abs(decode(file.getvalue(), None).astype(int) - [200, 100, 50]).max() <= 4


def test_too_many_pixels_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "_MAX_PIXELS", 1000)
    file = io.BytesIO()
    Image.new("RGB", (50, 30)).save(file, "PNG")
    with pytest.raises(BrokenPicture, match="it has 50 x 30 pixels, at most 1,000 are read"):
        decode(file.getvalue(), 16)


def test_a_tiff_of_many_bands_is_told_as_such() -> None:
    file = io.BytesIO()
    Image.new("RGB", (32, 32)).save(file, "TIFF")
    data = bytearray(file.getvalue())
    data[data.index(b"\x15\x01\x03\0\x01\0\0\0\x03") + 8] = 13  # SamplesPerPixel
    with pytest.raises(BrokenPicture, match="it is a TIFF that is damaged, or that holds other bands than 8-bit grey"):
        decode(bytes(data), 16)
