"""Headers of MATLAB files of version 5, and whether SciPy can be trusted with what follows them.

SciPy's list of variables does not tell complex numbers from real ones, nor that the file ends too early; and its reader
ends the whole process where an element has a type that does not exist. The format is in MathWorks' "MAT-File Format"
(R2019b), chapter 1.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from rsbench.datasets.io.matlab_file import Shape, shown

_MATRIX, _COMPRESSED = 14, 15
_HEAD_BYTES = 4096
"""Read of each variable: flags, sizes and name are within it."""
_KINDS = {1: "cell", 2: "struct", 3: "object", 4: "char", 5: "sparse", 16: "object", 17: "object", 18: "object"}
_ITEM_BYTES = {6: 8, 7: 4, 8: 1, 9: 1, 10: 2, 11: 2, 12: 4, 13: 4, 14: 8, 15: 8}
"""Classes of numbers and what one takes: double, single, int8, uint8, ... uint64."""
_STORED_BYTES = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8}
"""Types of stored numbers and what one takes; a class may be stored as a smaller type."""
_TEXTS = frozenset({16, 17, 18})
_OPAQUE = 17
_DEEPEST = 32
"""Structs and cells within each other: SciPy's reader calls itself for each."""


@dataclass(frozen=True, kw_only=True)
class Head:
    """Header of a variable.

    Attributes:
        name: of the variable.
        shape: as declared.
        item_bytes: of a number.
        kind: key of ``NOT_READ``; None for real numbers.
        start: where its element begins, behind the tag.
        length: of the element, in bytes.
        is_compressed: whether the element is.
        order: ``<`` or ``>``, of the bytes of a number.
    """

    name: str
    shape: Shape
    item_bytes: int
    kind: str | None
    start: int
    length: int
    is_compressed: bool
    order: str


def heads(file: BinaryIO) -> Iterator[Head]:
    """Yield the headers of a file's variables in order; of those with one name the last counts.

    Raises:
        ValueError: the file ends too early, or holds something else.
    """
    size_bytes = file.seek(0, 2)
    file.seek(124)
    order = {b"IM": "<", b"MI": ">"}.get(file.read(4)[2:])
    if order is None:
        raise ValueError("its header is damaged")
    start = 128
    while start < size_bytes:
        file.seek(start)
        kind, length = struct.unpack(order + "II", _exactly(file.read(8), 8))
        start += 8
        if start + length > size_bytes:
            raise ValueError("it ends too early")
        data = file.read(min(length, _HEAD_BYTES))
        is_compressed = kind == _COMPRESSED
        if is_compressed:
            data = zlib.decompressobj().decompress(data, _HEAD_BYTES)
            kind, _ = struct.unpack(order + "II", _exactly(data[:8], 8))
            data = data[8:]
        if kind == _MATRIX:
            head = _parsed(
                data,
                Head(
                    name="",
                    shape=(),
                    item_bytes=1,
                    kind=None,
                    start=start,
                    length=length,
                    is_compressed=is_compressed,
                    order=order,
                ),
            )
            if head.name:
                yield head
        start += length


def _parsed(data: bytes, place: Head) -> Head:
    """Return what the first bytes of a matrix say.

    Raises:
        ValueError: they contradict each other.
    """
    order = place.order
    _, flags, rest = _element(data, order)
    word = struct.unpack(order + "I", _exactly(flags[:4], 4))[0]
    number, is_complex = word & 0xFF, bool(word & 0x800)
    if number not in _KINDS and number not in _ITEM_BYTES:
        raise ValueError(f"it holds a variable of an unknown kind, {number}")
    shape: Shape = ()
    if number != _OPAQUE:
        _, sides, rest = _element(rest, order)
        shape = struct.unpack(f"{order}{len(sides) // 4}i", sides[: len(sides) // 4 * 4])
    _, name, rest = _element(rest, order)
    kind = _KINDS.get(number) or ("complex" if is_complex else None)
    text = name.decode("latin-1")
    if kind is None and min(shape, default=0) > 0:
        stored, length, _ = _tag(rest, order)
        if length != math.prod(shape) * _STORED_BYTES.get(stored, -1):
            raise ValueError(f'the array "{shown(text)}" is damaged')
    item_bytes = _ITEM_BYTES.get(number, 1)
    return Head(
        name=text,
        shape=shape,
        item_bytes=item_bytes,
        kind=kind,
        start=place.start,
        length=place.length,
        is_compressed=place.is_compressed,
        order=order,
    )


def check_nested(file: BinaryIO, head: Head) -> None:
    """Refuse a struct or a cell that holds elements of types that do not exist, or is too deep.

    Raises:
        ValueError: it does or is.
    """
    file.seek(head.start)
    data = file.read(head.length)
    if head.is_compressed:
        data = zlib.decompressobj().decompress(data, 2**32)[8:]  # the most that a tag can say
    _check_elements(memoryview(data), head.order, 0)


def _check_elements(data: memoryview, order: str, depth: int) -> None:
    """Go through the elements of a matrix, and of those in it."""
    if depth > _DEEPEST:
        raise ValueError(f"its structs and cells stand more than {_DEEPEST} deep in each other")
    while len(data):
        kind, length, start = _tag(data, order)
        _exactly(data[start : start + length], length)
        if kind == _MATRIX:
            _check_elements(data[start : start + length], order, depth + 1)
        elif kind not in _STORED_BYTES and kind not in _TEXTS:
            raise ValueError(f"it holds an element of an unknown type, {kind}")
        data = data[8 if start == 4 else start + -(-length // 8) * 8 :]


def _tag(data: bytes | memoryview, order: str) -> tuple[int, int, int]:
    """Return type and length of an element, and where its bytes begin; up to 4 may stand within its own tag."""
    word = struct.unpack(order + "I", _exactly(data[:4], 4))[0]
    if word >> 16:
        return word & 0xFFFF, word >> 16, 4
    return word, struct.unpack(order + "I", _exactly(data[4:8], 4))[0], 8


def _element(data: bytes, order: str) -> tuple[int, bytes, bytes]:
    """Return the type and the bytes of an element, and what follows."""
    kind, length, start = _tag(data, order)
    stop = 8 if start == 4 else start + -(-length // 8) * 8
    return kind, bytes(_exactly(data[start : start + length], length)), data[stop:]


def _exactly(data: bytes | memoryview, count: int) -> bytes | memoryview:
    """Return the data, refusing fewer bytes than wanted.

    Raises:
        ValueError: there are fewer.
    """
    if len(data) < count:
        raise ValueError("it ends too early")
    return data
