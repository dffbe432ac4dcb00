"""One walk over a tensor as loops compiled by numba: the gradient is taken in, and what is above a threshold listed.

Inner loops have no branch that depends on the data where one can be done without: a branch that is guessed wrong costs
as much as ten elements. Entry files are elsewhere, see :mod:`rsbench.compressors.kernels.jit`.
"""

# mypy: allow-untyped-defs, disable-error-code="assignment"
from __future__ import annotations

import numpy as np

from rsbench.compressors.kernels.jit import jit
from rsbench.compressors.kernels.simd import lowest_bit
from rsbench.compressors.kernels.take_in import (
    ADD,
    GROUP,
    MOMENTUM,
    NOTHING,
    look,
    magnitude_bits,
    take_in_add,
    take_in_momentum,
    take_in_nesterov,
)

BINS = 1 << 11
"""Bins of magnitude that candidates are counted into."""
NOT_FINITE = -1
"""Where candidates are counted: the gradient holds inf or nan."""
SPARE = GROUP
"""Entries of a list of candidates beyond those that count."""
PART = 2048
"""Elements whose residual is still in the first cache when candidates are counted."""
INFINITE = np.int32(0x7F800000)
_NOTHING_ABOVE = np.int32(0x7FFFFFFF)
_SEVERAL, _MANY = 0.02, 0.06
_F = np.float32


@jit
def _take_in_one(mode, m, g, u, v, i):
    """Take one element in; return whether it was finite."""
    x = g[i]
    finite = magnitude_bits(x) < INFINITE
    x = x if finite else _F(0)
    if mode == ADD:
        v[i] += x
    elif mode == MOMENTUM:
        u[i] = m * u[i] + x
        v[i] += u[i]
    elif mode != NOTHING:
        u[i] = m * (u[i] + x)
        v[i] += u[i] + x
    g[i] = _F(0)
    return finite


@jit
def take_in(mode, m, g, u, v):
    """Take a part of a gradient in, zeros are left there; false where it holds inf or nan, which count as 0."""
    full, found, finite = v.size - v.size % GROUP, np.uint64(0), True
    if mode == ADD:
        for at in range(0, full, GROUP):
            found |= take_in_add(m, g, u, v, at, _NOTHING_ABOVE)
    elif mode == MOMENTUM:
        for at in range(0, full, GROUP):
            found |= take_in_momentum(m, g, u, v, at, _NOTHING_ABOVE)
    elif mode != NOTHING:
        for at in range(0, full, GROUP):
            found |= take_in_nesterov(m, g, u, v, at, _NOTHING_ABOVE)
    for i in range(full, v.size):
        finite &= _take_in_one(mode, m, g, u, v, i)
    return finite and found >> np.uint64(GROUP) == 0


@jit
def most_listed(index):
    """Return how many candidates a list may hold: beyond them it has room for those of a part."""
    return index.size - PART - SPARE


@jit
def _mark(mode, m, g, u, v, low, high, limit, marks):
    """Take in the elements of whole groups and mark what is above a limit, a bit each; false where not finite."""
    found = np.uint64(0)
    if mode == ADD:
        for at in range(low, high, GROUP):
            bits = take_in_add(m, g, u, v, at, limit)
            marks[(at - low) // GROUP] = np.uint32(bits)
            found |= bits
    elif mode == MOMENTUM:
        for at in range(low, high, GROUP):
            bits = take_in_momentum(m, g, u, v, at, limit)
            marks[(at - low) // GROUP] = np.uint32(bits)
            found |= bits
    elif mode == NOTHING:
        for at in range(low, high, GROUP):
            marks[(at - low) // GROUP] = look(v, at, limit)
    else:
        for at in range(low, high, GROUP):
            bits = take_in_nesterov(m, g, u, v, at, limit)
            marks[(at - low) // GROUP] = np.uint32(bits)
            found |= bits
    return found >> np.uint64(GROUP) == 0


@jit
def _mark_tail(mode, m, g, u, v, low, limit):
    """Take in the elements behind the last whole group; return their marks, and false where they hold inf or nan."""
    finite, word = True, np.uint32(0)
    for i in range(low, v.size):
        if mode != NOTHING:
            finite &= _take_in_one(mode, m, g, u, v, i)
        if magnitude_bits(v[i]) > limit:
            word |= np.uint32(1) << np.uint32(i - low)
    return word, finite


@jit
def at_once(density):
    """Return how many bits of a word are usually set."""
    return 1 if density < _SEVERAL else 4 if density < _MANY else 8


@jit
def list_marked(marks, low, each, index, count):
    """List the marked elements; of each word so many without asking whether there are. Return how many are listed."""
    for word in range(marks.size):
        bits, first = marks[word], low + word * GROUP
        for _ in range(each):
            index[count] = first + np.int64(lowest_bit(bits | np.uint32(1 << 31)))
            count += np.int64(bits != 0)
            bits &= np.uint32(bits - np.uint32(bits != 0))
        while bits != 0:
            index[count] = first + np.int64(lowest_bit(bits))
            count += 1
            bits &= np.uint32(bits - np.uint32(1))
    return count


@jit
def sweep(mode, m, g, u, v, limit, shift, each, bins, index, patterns):
    """Take a gradient in, list and count what is above a limit.

    Args:
        mode: what is done with the gradient.
        m: momentum.
        g: gradient, flat; zeros are left behind.
        u: velocity.
        v: residual.
        limit: bit pattern of the threshold, int32; -1 lists everything.
        shift: bits of the magnitudes above the limit that a bin leaves out.
        each: see :func:`list_marked`.
        bins: int64 [BINS], gets how many are in each; the last is open.
        index: int32, gets what is above, rising; see :func:`most_listed`.
        patterns: int32, as long, gets their magnitudes.

    Returns:
        How many are above; the list holds them where they are no more than ``most``. Or NOT_FINITE.
    """
    marks = np.empty(PART // GROUP, np.uint32)
    bins[:] = 0
    limit = np.int32(limit)
    n, reached, listed, most = v.size, 0, 0, most_listed(index)
    for low in range(0, n, PART):
        high = min(n, low + PART)
        full = high - (high - low) % GROUP
        words = (full - low) // GROUP
        finite = _mark(mode, m, g, u, v, low, full, limit, marks)
        if full < high:
            marks[words], finite_too = _mark_tail(mode, m, g, u, v, full, limit)
            finite &= finite_too
            words += 1
        if not finite:
            return NOT_FINITE
        before = listed if reached <= most else 0  # a list that is too short only serves to count
        listed = list_marked(marks[:words], low, each, index, before)
        reached += listed - before
        for i in range(before, listed):
            pattern = min(magnitude_bits(v[index[i]]), INFINITE)
            patterns[i] = pattern
            bins[min((np.int64(pattern) - limit) >> shift, BINS - 1)] += 1
    return reached
