"""Which test samples a cell got right: one bit a sample, in the order of their positions, as text for a record."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rsbench.errors import RsbenchError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray


def packed(right: ArrayLike) -> str:
    """Return base64 of eight samples a byte, the first in the highest bit; the last byte is filled up with zeros.

    Args:
        right: true where a sample was classified correctly, shape [n], in the order of the samples' positions.
    """
    import numpy as np  # late: start-up

    return base64.b64encode(np.packbits(np.asarray(right, dtype=bool)).tobytes()).decode("ascii")


def unpacked(text: str, samples: int) -> NDArray[np.bool_]:
    """Return what :func:`packed` was given, shape [samples].

    Raises:
        ValueError: the text is not base64 of so many bits.
    """
    import numpy as np  # late: start-up

    raw = _bytes_of(text, samples)
    return np.unpackbits(np.frombuffer(raw, dtype=np.uint8), count=samples).astype(bool)


def check(test: Mapping[str, Any]) -> None:
    """Check that a record's ``accuracy.test.correct``, where it is there, fits ``samples`` and ``oa``. NumPy-free.

    Raises:
        RsbenchError: the text is not one bit a sample, or marks another share of them than the OA.
    """
    text, samples = test.get("correct"), test["samples"]
    if text is None:
        return
    try:
        raw = _bytes_of(text, samples)
    except ValueError as problem:
        raise RsbenchError(f'the field "accuracy.test.correct" is not one bit a test sample: {problem}') from problem
    right = int.from_bytes(raw).bit_count()
    is_filled_up = not raw or not raw[-1] & ((1 << -samples % 8) - 1)
    if not is_filled_up or abs(right - (test.get("oa") or 0.0) * samples) > 0.5:
        raise RsbenchError(
            f'the field "accuracy.test.correct" marks {right} of {samples} samples, which does not fit the OA beside it'
        )


def _bytes_of(text: str, samples: int) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as problem:
        raise ValueError("it is not base64") from problem
    if len(raw) != -(-samples // 8):
        raise ValueError(f"it holds {len(raw)} bytes, which are not those of {samples} samples")
    return raw
