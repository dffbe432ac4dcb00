"""MATLAB files of version 5 and 4: SciPy reads their arrays; headers of version 5 are read here.

SciPy's list of variables does not tell complex numbers from real ones, nor that the file ends too early. The format is
in MathWorks' "MAT-File Format" (R2019b), chapter 1.
"""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from rsbench.datasets.io.matlab_file import MAX_BYTES, Axes, Contents, MatFile, Shape, native, row_blocks, shown
from rsbench.datasets.io.plain_file import open_plain

_MATRIX, _COMPRESSED = 14, 15
_HEAD_BYTES = 4096
"""Read of each variable: flags, sizes and name are within it."""
_KINDS = {1: "cell", 2: "struct", 3: "object", 4: "char", 5: "sparse", 16: "object", 17: "object", 18: "object"}
_ITEM_BYTES = {6: 8, 7: 4, 8: 1, 9: 1, 10: 2, 11: 2, 12: 4, 13: 4, 14: 8, 15: 8}
"""Classes of numbers and what one takes: double, single, int8, uint8, ... uint64."""
_OPAQUE = 17


class Version5(MatFile):
    """A file that SciPy reads; its elements are compressed one by one, so that headers are read fast."""

    def contents(self) -> Contents:
        """Return what the headers say."""
        from scipy.io import whosmat  # late: start-up
        from scipy.io.matlab import matfile_version  # late: start-up

        with open_plain(self.path, MAX_BYTES) as file:
            major, _ = matfile_version(file)
            file.seek(0)
            if major == 0:
                found = {name: (tuple(shape), 8, _kind4(kind)) for name, shape, kind in whosmat(file)}
            else:
                found = {head.name: (head.shape, head.item_bytes, head.kind) for head in _heads(file)}
        for name, (shape, item_bytes, _) in found.items():
            self.refuse_size(name, shape, item_bytes)
        empty = {name: "empty" if 0 in shape and kind is None else kind for name, (shape, _, kind) in found.items()}
        return Contents(
            shapes={name: found[name][0] for name in sorted(found) if empty[name] is None},
            others={name: kind for name, kind in sorted(empty.items()) if kind is not None},
        )

    def shape(self, name: str) -> Shape | None:
        """Return it; a path through structs reads the whole variable."""
        if "." not in name:
            return self.contents().shapes.get(name)
        array = self._array(name)
        return None if array is None else array.shape

    def _array(self, name: str) -> NDArray[Any] | None:
        from scipy.io import loadmat  # late: start-up

        variable, *fields = name.split(".")
        with open_plain(self.path, MAX_BYTES) as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of two variables with one name, and of what cannot be read
            value = loadmat(file, variable_names=[variable]).get(variable)
        for field in fields:
            value = _first(value)
            if value is None or field not in (value.dtype.names or ()):
                return None
            value = value[field].flat[0]
        value = _first(value)
        return value if value is not None and value.dtype.kind in "iufb" else None

    def rows(self, name: str, shape: Shape, axes: Axes) -> Iterator[NDArray[Any]]:
        """Yield blocks of rows of an array that is held whole."""
        array = self._array(name)
        if array is None or array.shape != shape:
            raise ValueError(f'the array "{shown(name)}" is damaged')
        turned = array.transpose(axes)
        for start, stop in row_blocks(turned.shape, array.itemsize):
            yield native(turned[start:stop])


def _first(value: Any) -> NDArray[Any] | None:
    """Return the first element of a cell, or what is no cell; None where there is no array."""
    while isinstance(value, np.ndarray) and value.dtype == object and value.size:
        value = value.flat[0]
    return value if isinstance(value, np.ndarray) and value.size else None


def _kind4(kind: str) -> str | None:
    """Return the kind of a variable of version 4, None for numbers."""
    return kind if kind in ("char", "sparse") else None


@dataclass(frozen=True, kw_only=True)
class _Head:
    """Header of a variable."""

    name: str
    shape: Shape
    item_bytes: int
    kind: str | None
    """Key of ``NOT_READ``; None for real numbers."""


def _heads(file: BinaryIO) -> Iterator[_Head]:
    """Yield the headers of a file's variables; of those with one name the last counts.

    Raises:
        ValueError: the file ends too early, or holds something else.
    """
    size_bytes = file.seek(0, 2)
    file.seek(124)
    order = {b"IM": "<", b"MI": ">"}.get(file.read(4)[2:])
    if order is None:
        raise ValueError("its header is damaged")
    position = 128
    while position < size_bytes:
        file.seek(position)
        kind, length = struct.unpack(order + "II", _exactly(file.read(8), 8))
        position += 8 + length
        if position > size_bytes:
            raise ValueError("it ends too early")
        head = file.read(min(length, _HEAD_BYTES))
        if kind == _COMPRESSED:
            head = zlib.decompressobj().decompress(head, _HEAD_BYTES)
            kind, _ = struct.unpack(order + "II", _exactly(head[:8], 8))
            head = head[8:]
        if kind == _MATRIX and (found := _parsed(head, order)).name:
            yield found


def _parsed(head: bytes, order: str) -> _Head:
    """Return what the first bytes of a matrix say."""
    flags, rest = _element(head, order)
    word = struct.unpack(order + "I", _exactly(flags[:4], 4))[0]
    number, is_complex = word & 0xFF, bool(word & 0x800)
    shape: Shape = ()
    if number != _OPAQUE:
        sides, rest = _element(rest, order)
        shape = struct.unpack(f"{order}{len(sides) // 4}i", sides[: len(sides) // 4 * 4])
    name, _ = _element(rest, order)
    if number not in _KINDS and number not in _ITEM_BYTES:
        raise ValueError(f"it holds a variable of an unknown kind, {number}")
    kind = _KINDS.get(number) or ("complex" if is_complex else None)
    return _Head(name=name.decode("latin-1"), shape=shape, item_bytes=_ITEM_BYTES.get(number, 1), kind=kind)


def _element(data: bytes, order: str) -> tuple[bytes, bytes]:
    """Return the bytes of an element and what follows; one of up to 4 bytes may stand within its own tag."""
    word = struct.unpack(order + "I", _exactly(data[:4], 4))[0]
    if word >> 16:
        length, start, stop = word >> 16, 4, 8
    else:
        length, start = struct.unpack(order + "I", _exactly(data[4:8], 4))[0], 8
        stop = start + -(-length // 8) * 8
    return _exactly(data[start : start + length], length), data[stop:]


def _exactly(data: bytes, count: int) -> bytes:
    """Return the data, refusing fewer bytes than wanted.

    Raises:
        ValueError: there are fewer.
    """
    if len(data) < count:
        raise ValueError("it ends too early")
    return data
