"""ENVI rasters: a text header beside a file of bare numbers."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsbench.datasets.io.plain_file import UnfitFile, read_plain, require_plain

_HEADER_BYTES = 2**20
_MAX_BYTES = 2**40
_TYPES = {1: "u1", 2: "i2", 3: "i4", 4: "f4", 5: "f8", 12: "u2", 13: "u4", 14: "i8", 15: "u8"}
"""Data types of ENVI -> of numpy; complex numbers, 6 and 9, are not read."""
_ORDERS = {0: "<", 1: ">"}
_AXES = {"bsq": (1, 2, 0), "bil": (0, 2, 1), "bip": (0, 1, 2)}
"""Interleave -> axes of the file that are lines, samples and bands."""
_ENTRY = re.compile(r"^[ \t]*([A-Za-z][\w \t-]*?)[ \t]*=[ \t]*(\{[^}]*\}?|[^\r\n]*)", re.MULTILINE)
_DATA_SUFFIXES = ("", ".dat", ".img", ".raw", ".bsq", ".bil", ".bip", ".bin")


class EnviError(Exception):
    """A raster that cannot be read; the text is a sentence that names the file."""


@dataclass(frozen=True, kw_only=True)
class EnviRaster:
    """What a header says of its file, whose size agrees with it.

    Attributes:
        header: path of the text file.
        data: path of the numbers.
        height: lines.
        width: samples.
        bands: in the file.
        dtype: as numpy writes it, with the byte order.
        interleave: "bsq", "bil" or "bip".
        offset_bytes: before the first number.
    """

    header: Path
    data: Path
    height: int
    width: int
    bands: int
    dtype: str
    interleave: str
    offset_bytes: int

    def read(self) -> NDArray[Any]:
        """Return the raster as ``[H, W, B]`` in the byte order of this machine.

        Raises:
            EnviError: the file cannot be read, or has another size than before.
        """
        axes = _AXES[self.interleave]
        lengths = dict(zip(axes, (self.height, self.width, self.bands), strict=True))
        try:
            _require_bytes(self)
            mapped = np.memmap(
                self.data,
                dtype=self.dtype,
                mode="r",
                offset=self.offset_bytes,
                shape=(lengths[0], lengths[1], lengths[2]),
            )
        except (OSError, ValueError) as error:
            raise _unreadable(self.data, error) from error
        kind = np.dtype(self.dtype).newbyteorder("=")
        return np.ascontiguousarray(mapped.transpose(axes), dtype=kind)


def open_envi(header: Path) -> EnviRaster:
    """Read a header and look for its file, without reading that.

    Args:
        header: a file that ends in ``.hdr``, in any case.

    Raises:
        EnviError: it is no header, its entries do not make sense, or the file is missing or of another size.
    """
    try:
        text = read_plain(header, _HEADER_BYTES).decode("utf-8", "replace")
    except OSError as error:
        raise _unreadable(header, error) from error
    if text.split("\n", 1)[0].strip() != "ENVI":
        raise EnviError(f"{header} is no ENVI header: its first line is not ENVI.")
    entries = {" ".join(key.lower().split()): value.strip() for key, value in _ENTRY.findall(text)}
    raster = EnviRaster(
        header=header,
        data=_data_beside(header),
        height=_number(header, entries, "lines", least=1),
        width=_number(header, entries, "samples", least=1),
        bands=_number(header, entries, "bands", least=1),
        dtype=_dtype(header, entries),
        interleave=_interleave(header, entries),
        offset_bytes=_number(header, entries, "header offset", least=0, default=0),
    )
    try:
        _require_bytes(raster)
    except OSError as error:
        raise _unreadable(raster.data, error) from error
    return raster


def _data_beside(header: Path) -> Path:
    """Return the file of a header: of the same name without ``.hdr``, or with another suffix.

    Raises:
        EnviError: there is none.
    """
    bare = header.with_suffix("")
    for suffix in _DATA_SUFFIXES:
        path = bare.with_name(bare.name + suffix)
        if path.is_file():
            return path
    raise EnviError(f"{header} has no file of numbers beside it: add {bare.name} (or {bare.name}.dat, .img, .raw).")


def _number(header: Path, entries: dict[str, str], key: str, *, least: int, default: int | None = None) -> int:
    """Return a whole number of the header.

    Raises:
        EnviError: it is missing or none.
    """
    text = entries.get(key)
    if text is None and default is not None:
        return default
    if text is None:
        raise EnviError(f'{header} has no entry "{key}".')
    if not re.fullmatch(r"[0-9]{1,12}", text) or int(text) < least:
        raise EnviError(f'{header} has "{key} = {text[:40]}", which is no whole number from {least} upwards.')
    return int(text)


def _dtype(header: Path, entries: dict[str, str]) -> str:
    """Return the type of the numbers with their byte order.

    Raises:
        EnviError: it is none that is read.
    """
    kind = _number(header, entries, "data type", least=0)
    if kind not in _TYPES:
        raise EnviError(f'{header} has "data type = {kind}"; read are {", ".join(map(str, _TYPES))}.')
    order = _number(header, entries, "byte order", least=0, default=0)
    if order not in _ORDERS:
        raise EnviError(f'{header} has "byte order = {order}"; it is 0 or 1.')
    return ("|" if kind == 1 else _ORDERS[order]) + _TYPES[kind]


def _interleave(header: Path, entries: dict[str, str]) -> str:
    """Return the order of lines, samples and bands.

    Raises:
        EnviError: it is none that there is.
    """
    text = entries.get("interleave", "bsq").lower()
    if text not in _AXES:
        raise EnviError(f'{header} has "interleave = {text[:40]}"; it is bsq, bil or bip.')
    return text


def _require_bytes(raster: EnviRaster) -> None:
    """Compare the size of the file with the header.

    Raises:
        EnviError: they differ.
        OSError: it may not be looked at.
    """
    numbers = math.prod((raster.height, raster.width, raster.bands))
    wanted = raster.offset_bytes + numbers * np.dtype(raster.dtype).itemsize
    found = require_plain(raster.data, _MAX_BYTES).st_size
    if found != wanted:
        raise EnviError(
            f"{raster.data} has {found:,} bytes, but {raster.header.name} speaks of {wanted:,} "
            f"({raster.height:,} lines, {raster.width:,} samples, {raster.bands:,} bands)."
        )


def _unreadable(path: Path, error: Exception) -> EnviError:
    """Return the error that says which file cannot be read and why."""
    reason = str(error) if isinstance(error, UnfitFile) else getattr(error, "strerror", None) or error
    return EnviError(f"{path} cannot be read ({reason}).")
