"""Loops compiled by numba over all tensors of a bucket: values to codes of fixed length, and codes to the average.

Called by ``quantized``. A part of a tensor stays in the first cache while it is turned into codes or decoded from all
ranks; no product feeds a sum within a loop that could round them once, so that results are those of the torch
operations bit for bit. numba's cache on disk notices a change of this file only, so touch it when you change another.
"""

# mypy: allow-untyped-defs, disable-error-code="assignment"
from __future__ import annotations

import numba
import numpy as np

from rsbench.compressors.kernels.jit import strict_jit
from rsbench.compressors.kernels.quantizer_simd import LANES, add_signed, take_signs
from rsbench.compressors.message import draws

CODED, GRADIENT, MEMORY, NUMEL, VALUES = range(5)
"""Columns of the table, which has one row a tensor: whether it is sent in the code; where its gradient and its memory
start; its elements; where in the message its values start (in bytes)."""
_F, _U = np.float32, np.uint32
_PART = 4096
_EXPONENT, _MAGNITUDE = np.int32(0x7F800000), np.int32(0x7FFFFFFF)
_STEP, _KEPT_FROM = _F(draws.STEP), _U(draws.UNUSED_BITS)
_SHIFT_0, _SHIFT_1, _SHIFT_2, _SHIFT_3 = map(_U, draws.SHIFTS)
_FACTOR_0, _FACTOR_1, _FACTOR_2 = map(_U, draws.FACTORS)
_summing_jit = numba.njit(nogil=True, fastmath={"reassoc"}, cache=True, error_model="numpy", boundscheck=False)


# --- values as they are ------------------------------------------------------------------------------------------------


@strict_jit
def _copy(values, into):
    for i in range(values.size):
        into[i] = values[i]


@strict_jit
def _add_plain(sent, share, total):
    """Set ``total`` to the sum of ranks' values, shape [W, n], each divided by W."""
    scaled = np.empty(_PART, _F)
    for low in range(0, total.size, _PART):
        part = total[low : low + _PART]
        part[:] = _F(0)
        for rank in range(sent.shape[0]):
            for i in range(part.size):
                scaled[i] = sent[rank, low + i] * share
            for i in range(part.size):
                part[i] += scaled[i]


# --- signs -------------------------------------------------------------------------------------------------------------


@strict_jit
def _is_finite(bits):
    """Return whether no float32 is inf or nan, by the exponents of their bit patterns."""
    most = np.int32(0)
    for i in range(bits.size):
        most = max(most, bits[i] & _MAGNITUDE)
    return most < _EXPONENT


@_summing_jit
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
            _copy(given, out[1][values // 4 : values // 4 + size])
            continue
        held = v[row[MEMORY] : row[MEMORY] + size]
        total = 0.0
        for a in range(0, size, _PART):
            total += _add_and_sum(given[a : a + _PART], held[a : a + _PART])
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
            _add_plain(floats[:, values // 4 : values // 4 + size], share, average)
            continue
        for a in range(0, size, _PART):
            part = average[a : a + _PART]
            part[:] = _F(0)
            for rank in range(floats.shape[0]):
                first = values + 4 + a // 8
                _add_signs(bytes_[rank, first:], _F(floats[rank, values // 4] * share), part)


# --- levels ------------------------------------------------------------------------------------------------------------


@strict_jit
def _largest(bits):
    """Return the largest magnitude; nan before inf."""
    most = np.int32(0)
    for i in range(bits.size):
        most = max(most, bits[i] & _MAGNITUDE)
    return most


@_summing_jit
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
    stride = group * (8 // width) * max(1, _PART // (group * (8 // width)))
    for start in range(0, size, stride):
        end = min(size, start + stride)
        _norms(x[start:end], bits[start:end], group, l2, norms[start // group : (end + group - 1) // group])
        for low in range(start, end, _PART):
            high, a = min(end, low + _PART), low
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
    codes = np.empty(_PART, np.uint8)
    for t in range(table.shape[0]):
        row = table[t]
        low, size, values = row[GRADIENT], row[NUMEL], row[VALUES]
        given, word = g[low : low + size], values // 4
        if row[CODED] == 0:
            _copy(given, out[1][word : word + size])
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
    codes = np.empty(_PART, np.uint8)
    for t in range(table.shape[0]):
        row = table[t]
        low, size, values = row[GRADIENT], row[NUMEL], row[VALUES]
        average, word = g[low : low + size], values // 4
        if row[CODED] == 0:
            _add_plain(floats[:, word : word + size], share, average)
            continue
        group = min(wanted, size) if wanted > 0 else size
        packed = values + 4 * ((size + group - 1) // group)
        for start in range(0, size, _PART):
            end = min(size, start + _PART)
            average[start:end] = _F(0)
            for rank in range(floats.shape[0]):
                _unpack(bytes_[rank, packed + start * width // 8 :], width, end - start, codes)
                a = start
                while a < end:
                    b = min(end, (a // group + 1) * group)
                    unit = floats[rank, word + a // group] / _F(levels)
                    _add_levels(codes[a - start :], np.int32(levels), unit, share, average[a:b])
                    a = b
