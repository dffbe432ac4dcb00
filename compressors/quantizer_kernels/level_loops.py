"""Loops compiled by numba over all tensors of a bucket: values to levels, and those to the average.

Called by ``bucket``. numba's cache on disk notices a change of this file only, so touch it when you change another.
"""

# mypy: allow-untyped-defs, disable-error-code="assignment"
from __future__ import annotations

import numpy as np

from rsbench.compressors.kernels.jit import strict_jit
from rsbench.compressors.message import draws
from rsbench.compressors.quantizer_kernels.plain_loops import (
    CODED,
    GRADIENT,
    MAGNITUDE,
    NUMEL,
    PART,
    VALUES,
    add_plain,
    copy,
    summing_jit,
)

_F, _U = np.float32, np.uint32
_STEP, _KEPT_FROM = _F(draws.STEP), _U(draws.UNUSED_BITS)
_SHIFT_0, _SHIFT_1, _SHIFT_2, _SHIFT_3 = map(_U, draws.SHIFTS)
_FACTOR_0, _FACTOR_1, _FACTOR_2 = map(_U, draws.FACTORS)


@strict_jit
def _largest(bits):
    """Return the largest magnitude; nan before inf."""
    most = np.int32(0)
    for i in range(bits.size):
        most = max(most, bits[i] & MAGNITUDE)
    return most


@summing_jit
def _sum_of_squares(x):
    total = 0.0
    for i in range(x.size):
        total += np.float64(x[i]) * np.float64(x[i])
    return total


@strict_jit
def _draw(number, first, second):
    """Return :func:`rsbench.compressors.message.draws.uniform` of one element."""
    x = _U(_U(number) + first)
    x = _U(_U(_U(x ^ (x >> _SHIFT_0)) * _FACTOR_0) ^ second)
    x = _U(_U(x ^ (x >> _SHIFT_1)) * _FACTOR_1)
    x = _U(_U(x ^ (x >> _SHIFT_2)) * _FACTOR_2)
    x = _U(x ^ (x >> _SHIFT_3))
    return _F(np.int32(x >> _KEPT_FROM)) * _STEP


@strict_jit
def _round(x, number, unit, levels, first, second, codes):
    """Write levels -s..s as 0..2 s of elements from ``number`` on."""
    divisor = unit if unit > 0 else _F(1)
    most, offset = _F(levels), np.int32(levels)
    for i in range(x.size):
        level = np.floor(x[i] / divisor + _draw(number + i, first, second))
        level = level if level > -most else -most
        level = level if level < most else most
        codes[i] = np.uint8(np.int32(level) + offset)


@strict_jit
def _pack(codes, width, count, into):
    """Write the lowest ``width`` bits of each code, the first in a byte's lowest; codes behind the last are 0."""
    per = 8 // width
    size = (count + per - 1) // per
    if width == 8:
        for i in range(size):
            into[i] = codes[i]
        return
    codes[count : size * per] = np.uint8(0)
    if width == 4:
        pairs = codes.view(np.uint16)
        for i in range(size):
            into[i] = np.uint8(pairs[i] | (pairs[i] >> np.uint16(4)))
    else:
        fours = codes.view(np.uint32)
        for i in range(size):
            x = fours[i]
            into[i] = np.uint8(x | (x >> _U(6)) | (x >> _U(12)) | (x >> _U(18)))


@strict_jit
def _unpack(data, width, count, codes):
    """Read what :func:`_pack` wrote; a few codes behind the last are written too."""
    per = 8 // width
    size = (count + per - 1) // per
    if width == 8:
        for i in range(size):
            codes[i] = data[i]
    elif width == 4:
        pairs = codes.view(np.uint16)
        for i in range(size):
            x = np.uint16(data[i])
            pairs[i] = (x | (x << np.uint16(4))) & np.uint16(0x0F0F)
    else:
        fours = codes.view(np.uint32)
        for i in range(size):
            x = _U(data[i])
            fours[i] = (x | (x << _U(6)) | (x << _U(12)) | (x << _U(18))) & _U(0x03030303)


@strict_jit
def _norms(x, bits, group, l2, norms):
    """Write the norm of each group; the last one may be shorter."""
    for i in range(norms.size):
        if l2:
            norms[i] = _F(np.sqrt(_sum_of_squares(x[i * group : (i + 1) * group])))
        else:
            norms.view(np.int32)[i] = _largest(bits[i * group : (i + 1) * group])


@strict_jit
def _encode_tensor(x, bits, group, levels, width, l2, keys, norms, codes, into):
    """Quantise one tensor, so many groups at a time that their values stay in the cache and fill whole bytes."""
    size = x.size
    stride = group * (8 // width) * max(1, PART // (group * (8 // width)))
    for start in range(0, size, stride):
        end = min(size, start + stride)
        _norms(x[start:end], bits[start:end], group, l2, norms[start // group : (end + group - 1) // group])
        for low in range(start, end, PART):
            high, a = min(end, low + PART), low
            while a < high:
                b = min(high, (a // group + 1) * group)
                unit = norms[a // group] / _F(levels)
                _round(x[a:b], a, unit, levels, keys[0], keys[1], codes[a - low :])
                a = b
            _pack(codes, width, high - low, into[low * width // 8 :])


@strict_jit
def encode_levels(table, g, bits, kind, keys, out):
    """Write all tensors of a bucket.

    Args:
        table: int64 [T, 5], one row a tensor.
        g: gradients of the bucket, flat float32.
        bits: the same memory as int32.
        kind: s, bits of a code, elements of a group (0: all), and whether norms are Euclidean.
        keys: uint32 [T, 2], of the draws.
        out: the message as uint8 and float32.
    """
    levels, width, wanted, l2 = kind
    codes = np.empty(PART, np.uint8)
    for t in range(table.shape[0]):
        row = table[t]
        low, size, values = row[GRADIENT], row[NUMEL], row[VALUES]
        given, word = g[low : low + size], values // 4
        if row[CODED] == 0:
            copy(given, out[1][word : word + size])
            continue
        group = min(wanted, size) if wanted > 0 else size
        groups = (size + group - 1) // group
        _encode_tensor(
            given, bits[low : low + size], group, levels, width, l2 == 1, keys[t], out[1][word : word + groups],
            codes, out[0][values + 4 * groups :],
        )  # fmt: skip


@strict_jit
def _add_levels(codes, offset, unit, share, total):
    """Add what codes stand for: a level times the unit, then divided by W."""
    for i in range(total.size):
        total[i] += _F(np.int32(codes[i]) - offset) * unit * share


@strict_jit
def decode_levels(table, g, kind, share, messages):
    """Set the gradients to the sum of all ranks' messages, uint8 and float32 [W, n], each divided by W."""
    levels, width, wanted, _ = kind
    bytes_, floats = messages
    codes = np.empty(PART, np.uint8)
    for t in range(table.shape[0]):
        row = table[t]
        low, size, values = row[GRADIENT], row[NUMEL], row[VALUES]
        average, word = g[low : low + size], values // 4
        if row[CODED] == 0:
            add_plain(floats[:, word : word + size], share, average)
            continue
        group = min(wanted, size) if wanted > 0 else size
        packed = values + 4 * ((size + group - 1) // group)
        for start in range(0, size, PART):
            end = min(size, start + PART)
            average[start:end] = _F(0)
            for rank in range(floats.shape[0]):
                _unpack(bytes_[rank, packed + start * width // 8 :], width, end - start, codes)
                a = start
                while a < end:
                    b = min(end, (a // group + 1) * group)
                    unit = floats[rank, word + a // group] / _F(levels)
                    _add_levels(codes[a - start :], np.int32(levels), unit, share, average[a:b])
                    a = b
