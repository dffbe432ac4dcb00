"""From the bytes of an image file to square 8-bit RGB pixels."""

from __future__ import annotations

import io
import logging
import struct
import warnings

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

warnings.filterwarnings("ignore", module=r"PIL\b")
logging.getLogger("PIL").addHandler(logging.NullHandler())  # what is wrong with a picture, our sentences say

SUFFIXES = (".tif", ".tiff", ".png", ".jpg", ".jpeg", ".bmp", ".webp")
"""Image files that data sets look for; where one picture stands in two formats, the earlier suffix is taken."""
_FORMATS = ("TIFF", "PNG", "JPEG", "BMP", "WEBP")
"""Pillow's readers of those; of its others none is ever started, whatever a file holds under such a name."""
MAX_PICTURE_BYTES = 256 * 2**20
"""The largest file that is read as one picture."""
_MAX_PIXELS = 89_478_485
"""The most that a picture may have: 256 MiB as RGB; Pillow warns from there on."""
_PILLOW_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    LookupError,
    OverflowError,
    struct.error,
    MemoryError,
)
"""What Pillow's readers were seen to raise on damaged files."""


class BrokenPicture(Exception):
    """A picture that cannot be used; the text says why, the caller adds which file."""


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
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            if image.width * image.height > _MAX_PIXELS:
                raise BrokenPicture(
                    f"it has {image.width:,} x {image.height:,} pixels, at most {_MAX_PIXELS:,} are read"
                )
            if image.mode[0] in "IF":
                raise BrokenPicture(f"its pixels are not 8 bits deep (Pillow mode {image.mode})")
            rgb = image.convert("RGB")
    except Image.DecompressionBombError as error:
        raise BrokenPicture(f"it has more than {_MAX_PIXELS:,} pixels, and no more are read") from error
    except UnidentifiedImageError as error:
        raise BrokenPicture(_unknown(data)) from error
    except _PILLOW_ERRORS as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise BrokenPicture(reason.rstrip(".") if data else "no image data") from error
    return np.asarray(rgb if image_size is None else square(rgb, image_size), dtype=np.uint8)


def square(image: Image.Image, image_size: int) -> Image.Image:
    """Resize the shorter side to ``image_size`` pixels (antialiased bilinear) and crop the centre."""
    width, height = image.size
    if width == height == image_size:
        return image
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    box = (left, top, left + side, top + side)
    return image.resize((image_size, image_size), Image.Resampling.BILINEAR, box=box)


def _unknown(data: bytes) -> str:
    """Say why none of the readers takes a file."""
    if data.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "it is a TIFF that is damaged, or that holds other bands than 8-bit grey or RGB"
    return f"it is damaged, or no {', '.join(_FORMATS[:-1])} or {_FORMATS[-1]} image" if data else "no image data"
