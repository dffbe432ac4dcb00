"""Loops compiled by numba over all tensors of a bucket: residuals to scaled signs, and those to the average.

Called by ``bucket``. numba's cache on disk notices a change of this file only, so touch it when you change another.
"""

# mypy: allow-untyped-defs, disable-error-code="assignment"
from __future__ import annotations

import numpy as np

from rsbench.compressors.kernels.jit import strict_jit
from rsbench.compressors.quantizer_kernels.plain_loops import (
    CODED,
    EXPONENT,
    GRADIENT,
    MAGNITUDE,
    MEMORY,
    NUMEL,
    PART,
    VALUES,
    add_plain,
    copy,
    summing_jit,
)
from rsbench.compressors.quantizer_kernels.simd import LANES, add_signed, take_signs

_F = np.float32


@strict_jit
def _is_finite(bits):
    """Return whether no float32 is inf or nan, by the exponents of their bit patterns."""
    most = np.int32(0)
    for i in range(bits.size):
        most = max(most, bits[i] & MAGNITUDE)
    return most < EXPONENT


@summing_jit
def _add_and_sum(g, v):
    """Add g to v; return the sum of |v| in float64."""
    total = 0.0
    for i in range(v.size):
        x = v[i] + g[i]
        v[i] = x
        total += np.float64(abs(x))
    return total


@strict_jit
def _write_signs(v, scale, into):
    """Write a bit an element, the first in the lowest bits; take what they stand for out of v."""
    full = v.size // LANES
    for i in range(full):
        word = take_signs(v, i * LANES, scale)
        into[2 * i] = np.uint8(word & 255)
        into[2 * i + 1] = np.uint8(word >> 8)
    for i in range(full * LANES, v.size):
        if v[i] >= 0:
            into[i // 8] |= np.uint8(1 << i % 8)
            v[i] -= scale
        else:
            v[i] += scale


@strict_jit
def encode_signs(table, g, bits, v, out):
    """Accumulate and write all tensors of a bucket; return 0, or 1 + the index of the first that is not finite.

    Args:
        table: int64 [T, 5], one row a tensor.
        g: gradients of the bucket, flat float32.
        bits: the same memory as int32.
        v: residuals of all tensors, flat.
        out: the message, zeroed, as uint8 and float32.
    """
    for t in range(table.shape[0]):
        row = table[t]
        low, size, values = row[GRADIENT], row[NUMEL], row[VALUES]
        given, patterns = g[low : low + size], bits[low : low + size]
        if not _is_finite(patterns):
            return 1 + t
        if row[CODED] == 0:
            copy(given, out[1][values // 4 : values // 4 + size])
            continue
        held = v[row[MEMORY] : row[MEMORY] + size]
        total = 0.0
        for a in range(0, size, PART):
            total += _add_and_sum(given[a : a + PART], held[a : a + PART])
        scale = _F(total / size)
        out[1][values // 4] = scale
        _write_signs(held, scale, out[0][values + 4 : values + 4 + (size + 7) // 8])
    return 0


@strict_jit
def _add_signs(data, value, total):
    """Add ``value`` with the signs of the bits in ``data``."""
    full = total.size // LANES
    for i in range(full):
        word = np.uint16(data[2 * i]) | np.uint16(np.uint16(data[2 * i + 1]) << np.uint16(8))
        add_signed(total, i * LANES, np.uint16(word), value)
    for i in range(full * LANES, total.size):
        total[i] += value if data[i // 8] >> (i % 8) & 1 else -value


@strict_jit
def decode_signs(table, g, share, messages):
    """Set the gradients to the sum of all ranks' messages, uint8 and float32 [W, n], each divided by W."""
    bytes_, floats = messages
    for t in range(table.shape[0]):
        row = table[t]
        low, size, values = row[GRADIENT], row[NUMEL], row[VALUES]
        average = g[low : low + size]
        if row[CODED] == 0:
            add_plain(floats[:, values // 4 : values // 4 + size], share, average)
            continue
        for a in range(0, size, PART):
            part = average[a : a + PART]
            part[:] = _F(0)
            for rank in range(floats.shape[0]):
                first = values + 4 + a // 8
                _add_signs(bytes_[rank, first:], _F(floats[rank, values // 4] * share), part)
