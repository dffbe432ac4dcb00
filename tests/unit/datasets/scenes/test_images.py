"""From the bytes of an image file to square pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rsbench.datasets.scenes.images import BrokenPicture, decode, square


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
