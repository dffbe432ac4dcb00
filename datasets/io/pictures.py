"""Picture files: which are read, how large they may be, and what Pillow says of them in our words."""

from __future__ import annotations

import io
import logging
import struct
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from PIL import Image, UnidentifiedImageError

from rsbench.datasets.io.plain_file import open_plain

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

Result = TypeVar("Result")


class BrokenPicture(Exception):
    """A picture that cannot be used; the text says why, the caller adds which file."""


def read_picture(data: bytes, convert: Callable[[Image.Image], Result]) -> Result:
    """Decode an image file.

    Args:
        data: a whole JPEG, TIFF, PNG, ... file.
        convert: makes what is returned of the opened image; it may raise :class:`BrokenPicture`.

    Raises:
        BrokenPicture: Pillow cannot decode all of it, or it has too many pixels.
    """
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            _require_size(image)
            return convert(image)
    except Image.DecompressionBombError as error:
        raise BrokenPicture(f"it has more than {_MAX_PIXELS:,} pixels, and no more are read") from error
    except UnidentifiedImageError as error:
        raise BrokenPicture(_unknown(data)) from error
    except _PILLOW_ERRORS as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise BrokenPicture(reason.rstrip(".") if data else "no image data") from error


def rgb(image: Image.Image) -> Image.Image:
    """Return an opened image as 8-bit RGB.

    Raises:
        BrokenPicture: its pixels are not 8 bits deep.
    """
    if image.mode[0] in "IF":
        raise BrokenPicture(f"its pixels are not 8 bits deep (Pillow mode {image.mode})")
    return image.convert("RGB")


def picture_size(path: Path) -> tuple[int, int]:
    """Return height and width of a picture in pixels, from the head of its file.

    Raises:
        BrokenPicture: the file cannot be opened or is no picture, or it has too many pixels.
    """
    try:
        with open_plain(path, MAX_PICTURE_BYTES) as file, Image.open(file, formats=_FORMATS) as image:
            _require_size(image)
            return image.height, image.width
    except Image.DecompressionBombError as error:
        raise BrokenPicture(f"it has more than {_MAX_PIXELS:,} pixels, and no more are read") from error
    except UnidentifiedImageError as error:
        raise BrokenPicture(_unknown(b" ")) from error
    except _PILLOW_ERRORS as error:
        raise BrokenPicture(" ".join(str(getattr(error, "strerror", None) or error).split()).rstrip(".")) from error


def _require_size(image: Image.Image) -> None:
    """Refuse a picture with too many pixels.

    Raises:
        BrokenPicture: says how many.
    """
    if image.width * image.height > _MAX_PIXELS:
        raise BrokenPicture(f"it has {image.width:,} x {image.height:,} pixels, at most {_MAX_PIXELS:,} are read")


def _unknown(data: bytes) -> str:
    """Say why none of the readers takes a file."""
    if data.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "it is a TIFF that is damaged, or that holds other bands than 8-bit grey or RGB"
    return f"it is damaged, or no {', '.join(_FORMATS[:-1])} or {_FORMATS[-1]} image" if data else "no image data"
