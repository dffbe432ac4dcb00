"""From the bytes of an image file to square 8-bit RGB pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rsbench.datasets.io.pictures import read_picture, rgb


def decode(data: bytes, image_size: int | None) -> NDArray[np.uint8]:
    """Decode an image and make it square: shorter side to ``image_size``, then the centre.

    Args:
        data: a whole JPEG, TIFF, PNG, ... file.
        image_size: side in pixels; None keeps the picture's own size.

    Returns:
        ``uint8 [H, W, 3]``, RGB; ``H = W = image_size`` if that is given.

    Raises:
        BrokenPicture: if Pillow cannot decode all of it, or its pixels are not 8 bits deep.
    """
    image = read_picture(data, rgb)
    return np.asarray(image if image_size is None else square(image, image_size), dtype=np.uint8)


def square(image: Image.Image, image_size: int) -> Image.Image:
    """Resize the shorter side to ``image_size`` pixels (antialiased bilinear) and crop the centre."""
    width, height = image.size
    if width == height == image_size:
        return image
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    box = (left, top, left + side, top + side)
    return image.resize((image_size, image_size), Image.Resampling.BILINEAR, box=box)
