"""A tensor's part of a message as loops compiled by numba: its indices and values, written and read."""

# mypy: allow-untyped-defs, disable-error-code="assignment"
from __future__ import annotations

import numpy as np

from rsbench.compressors.blocks.index_codings import FILLER
from rsbench.compressors.kernels import columns as col
from rsbench.compressors.kernels.jit import jit, strict_jit
from rsbench.compressors.kernels.simd import ones
from rsbench.compressors.kernels.sweep_loops import INFINITE, SPARE, at_once, list_marked
from rsbench.compressors.kernels.take_in import GROUP, magnitude_bits
from rsbench.compressors.message.values import LEVELS

_F = np.float32
_SMALLEST = _F(2.0**-126)
_LARGEST = _F(np.finfo(np.float32).max)


@jit
def move_gradient(g, into):
    """Move a gradient into the message, zeros stay behind; return whether it was finite."""
    highest = np.int32(0)
    for i in range(g.size):
        x = g[i]
        highest = max(highest, magnitude_bits(x))
        into[i] = x
        g[i] = _F(0)
    return highest < INFINITE


@jit
def send_whole(values, v, u, mask):
    """Move all of v into the message; zeros stay behind, in u too where momentum is masked."""
    for i in range(v.size):
        values[i] = v[i]
        v[i] = _F(0)
    if mask:
        for i in range(u.size):
            u[i] = _F(0)


@strict_jit
def round_values(x, codes, scale):
    """Write values as int8 beside their scale, as :func:`rsbench.compressors.message.values.encode` does.

    Args:
        x: float32 [n]; what rounding left out of each value is left behind.
        codes: uint8 [n] of the message.
        scale: float32 [1] of the message.
    """
    largest = _F(0)
    for i in range(x.size):
        largest = max(largest, abs(x[i]))
    s = min(max(largest, _SMALLEST * _F(LEVELS)), _LARGEST) / _F(LEVELS)
    scale[0] = s
    for i in range(x.size):
        code = np.rint(min(max(x[i] / s, _F(-LEVELS)), _F(LEVELS)))
        codes[i] = np.uint8(np.int64(code) & 255)
        x[i] -= code * s


@strict_jit
def read_values(codes, scale, into):
    """Read what :func:`round_values` wrote: float32 [n] from uint8 [n]."""
    for i in range(into.size):
        code = np.int64(codes[i])
        into[i] = _F(code - 256 if code > 127 else code) * scale


@jit
def write_indices(row, index, bytes_, halves, words):
    """Write indices in their coding; the message holds zeros before."""
    at, end = row[col.INDICES], row[col.VALUES]
    if row[col.CODING] == col.INT32:
        for i in range(index.size):
            words[at // 4 + i] = index[i]
    elif row[col.CODING] == col.BITMAP:
        for i in range(index.size):
            bytes_[at + index[i] // 8] |= np.uint8(1 << (index[i] % 8))
    else:
        place, last = at // 2, 0
        for i in range(index.size):
            gap = index[i] - last
            last = index[i]
            while gap >= FILLER:
                halves[place] = FILLER
                place += 1
                gap -= FILLER
            halves[place] = gap
            place += 1
        for i in range(place, end // 2):
            halves[i] = FILLER


@jit
def _read_bitmap(blocks, words, index):
    """Fill ``index``; return false where other than ``index.size - SPARE`` of the bits are set."""
    marks = words.view(np.uint32)
    if blocks % GROUP:
        marks[-1] &= np.uint32((1 << blocks % GROUP) - 1)
    count = 0
    for word in range(marks.size):
        count += np.int64(ones(marks[word]))
    if count != index.size - SPARE:
        return False
    list_marked(marks, 0, at_once(count / blocks), index, 0)
    return True


@jit
def read_indices(row, index, bytes_, halves, words):
    """Fill ``index``, but for its spare entries; return false where they are not an encoder's, in range and rising."""
    at, end, blocks, last = row[col.INDICES], row[col.VALUES], row[col.BLOCKS], -1
    wanted, count = index.size - SPARE, 0
    if row[col.CODING] == col.BITMAP:
        return _read_bitmap(blocks, words[at // 4 : at // 4 + (blocks + GROUP - 1) // GROUP], index)
    if row[col.CODING] == col.INT32:
        for i in range(wanted):
            index[i] = words[at // 4 + i]
        count = wanted
    else:
        position = 0
        for i in range(at // 2, end // 2):
            step = np.int64(halves[i])
            position += step
            index[count] = position
            count += np.int64(step != FILLER and count < wanted)
    rising = True
    for i in range(wanted):
        rising &= index[i] > last and index[i] < blocks
        last = index[i]
    return rising and count == wanted


@jit
def send_blocks(row, index, values, v, u):
    """Move blocks into the message; zeros stay behind, in u too where momentum is masked."""
    block, p, cols, mask = row[col.BLOCK], row[col.P], row[col.COLS], row[col.MASK]
    for i in range(index.size):
        if row[col.KIND] != col.TILES:
            low = index[i] * block
            for e in range(block):
                values[i * block + e] = v[low + e]
                v[low + e] = _F(0)
            if mask:
                for e in range(block):
                    u[low + e] = _F(0)
            continue
        across = (cols + p - 1) // p
        top, left = index[i] // across * p, index[i] % across * p
        for r in range(min(p, v.size // cols - top)):
            for c in range(min(p, cols - left)):
                at = (top + r) * cols + left + c
                values[i * block + r * p + c] = v[at]
                v[at] = _F(0)
                if mask:
                    u[at] = _F(0)


@strict_jit
def add_blocks(row, index, values, g):
    """Add blocks from a message to a gradient."""
    block, p, cols = row[col.BLOCK], row[col.P], row[col.COLS]
    if block == 1:
        for i in range(index.size):
            g[index[i]] += values[i]
        return
    for i in range(index.size):
        if row[col.KIND] != col.TILES:
            low = index[i] * block
            for e in range(block):
                g[low + e] += values[i * block + e]
            continue
        across = (cols + p - 1) // p
        top, left = index[i] // across * p, index[i] % across * p
        for r in range(min(p, g.size // cols - top)):
            for c in range(min(p, cols - left)):
                g[(top + r) * cols + left + c] += values[i * block + r * p + c]
