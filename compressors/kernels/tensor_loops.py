"""The pass of ``threshold_pass`` as loops compiled by numba: one read of the gradient, one core.

Every loop works on parts that stay in the first or second cache: a part of the gradient is checked, taken in, set to
zero where asked, and scored before the next one is read. CPU and float32 only; importing this module without numba
raises ImportError. Results equal those of the torch operations to rounding: sums are taken in another order.
"""

# mypy: allow-untyped-defs, disable-error-code="assignment"
from __future__ import annotations

from typing import Any

import numba
import numpy as np

from rsbench.compressors.kernels.simd import LANES, ROW, SCAN, above, add_threes, add_up, lowest_bit

jit: Any = numba.njit(nogil=True, cache=True, fastmath=True, error_model="numpy", boundscheck=False)
"""Sums may be reordered; nothing may depend on inf or nan (gradients are checked as integers)."""
strict_jit: Any = numba.njit(nogil=True, fastmath=False, cache=True, error_model="numpy", boundscheck=False)
"""For loops whose order of operations counts, or which must end whatever they compare, nan included.

numba hands a caller's fastmath down to functions that do not say ``False`` themselves."""
_F = np.float32
_ROWS = 512  # blocks at a time: their statistics stay in the first cache
_ELEMENTS = 4096
_STRIP = 12288  # columns of tiles at a time
NOTHING, ADD, MOMENTUM, NESTEROV = range(4)
"""What is done with a gradient: none is there, v + g, momentum correction, Nesterov's."""
NO_SECOND, VAR, STD = range(3)
"""Second statistic of a score."""
THRESHOLD, KEPT, FOUND, SQUARES, OTHERS = range(5)
"""State of a pass: only scores above are let in; how many are in the list; how many reached it, pruned ones included;
sums of squares of both statistics over all blocks."""
STATE = 5
_NEVER = np.finfo(_F).min
_EXPONENT, _MAGNITUDE = np.int32(0x7F800000), np.int32(0x7FFFFFFF)


@jit
def _is_finite(bits):
    """Whether no float32 is inf or nan, by the exponents of their bit patterns."""
    most = np.int32(0)
    for i in range(bits.size):
        most = max(most, bits[i] & _MAGNITUDE)
    return most < _EXPONENT


@jit
def _add_gradient(mode, m, g, u, v):
    """As ``Residual.accumulate``, but that ``m u + g`` may be rounded once (FMA)."""
    if mode == ADD:
        for i in range(v.size):
            v[i] += g[i]
    elif mode == MOMENTUM:
        for i in range(v.size):
            x = m * u[i] + g[i]
            u[i] = x
            v[i] += x
    elif mode == NESTEROV:
        for i in range(v.size):
            x = m * (u[i] + g[i])
            u[i] = x
            v[i] += x + g[i]


@jit
def accumulate(mode, consume, m, g, bits, u, v):
    """Accumulate a part; ``consume`` also checks it first (false: not finite, nothing done) and leaves zeros in g."""
    if consume and not _is_finite(bits):
        return False
    _add_gradient(mode, m, g, u, v)
    if consume:
        for i in range(g.size):
            g[i] = _F(0)
    return True


@jit
def _finish(block, l2, one, sums, two):
    """From sums of |x|, x and x^2 to the statistics; ``two`` then holds the variance."""
    share = _F(1) / _F(block)
    for j in range(one.size):
        s = sums[j] * share
        one[j] = np.sqrt(two[j]) if l2 else one[j] * share
        two[j] = max(two[j] * share - s * s, _F(0))


@jit
def _row_sums(v, block, one, sums, two):
    """Sums of |x|, x and x^2 of contiguous blocks."""
    for j in range(one.size):
        row = v[block * j : block * j + block]
        a, s, q = _F(0), _F(0), _F(0)
        for i in range(row.size):
            x = row[i]
            a += abs(x)
            s += x
            q += x * x
        one[j], sums[j], two[j] = a, s, q


@jit
def _nine_sums(v, one, sums, two):
    """The same for blocks of nine, eight at a time."""
    full = one.size - one.size % LANES
    for j in range(0, full, LANES):
        add_up(v, 9 * j, one, sums, two, j)
    _row_sums(v[9 * full :], 9, one[full:], sums[full:], two[full:])


@jit
def _column_sums(v, a, s, q):
    """Add one row of a strip to the sums of |x|, x and x^2 of its columns."""
    for i in range(v.size):
        x = v[i]
        a[i] += abs(x)
        s[i] += x
        q[i] += x * x


@jit
def _three_rows(v, cols, low, a, s, q):
    """The same for three rows at once, the usual tile."""
    first, second, third = v[low:], v[low + cols :], v[low + 2 * cols :]
    for i in range(a.size):
        x, y, z = first[i], second[i], third[i]
        a[i] = abs(x) + abs(y) + abs(z)
        s[i] = x + y + z
        q[i] = x * x + y * y + z * z


@jit
def _by_threes(columns, sums):
    """The same for p = 3, eight at a time."""
    full = sums.size - sums.size % LANES
    for j in range(0, full, LANES):
        add_threes(columns, 3 * j, sums, j)
    for j in range(full, sums.size):
        sums[j] = columns[3 * j] + columns[3 * j + 1] + columns[3 * j + 2]


@jit
def _by_columns(columns, p, sums):
    """Sums over p neighbouring columns; the last may be fewer."""
    full = columns.size // p
    if p == 3:
        _by_threes(columns, sums[:full])
    else:
        for j in range(full):
            total = _F(0)
            for i in range(p * j, p * j + p):
                total += columns[i]
            sums[j] = total
    if full < sums.size:
        total = _F(0)
        for i in range(p * full, columns.size):
            total += columns[i]
        sums[full] = total


@strict_jit
def kth_highest(scores, k, work):
    """The k-th highest of some scores by quickselect; ``work`` is as long, and overwritten."""
    for i in range(scores.size):
        work[i] = scores[i]
    low, high, at = 0, scores.size - 1, k - 1
    while low < high:
        x, y, z = work[low], work[(low + high) // 2], work[high]
        pivot = max(min(x, y), min(max(x, y), z))
        i, j = low, high
        while i <= j:
            while work[i] > pivot:
                i += 1
            while work[j] < pivot:
                j -= 1
            if i <= j:
                work[i], work[j] = work[j], work[i]
                i += 1
                j -= 1
        if at <= j:
            high = j
        elif at >= i:
            low = i
        else:
            break
    return work[at]


@strict_jit
def keep_highest(k, index, score, one, two, work):
    """Move a list's entries with the k highest scores, of equal ones the first, to its front, in their order.

    Returns:
        The k-th highest score, and how many were moved: k, or fewer where nan is among the scores.
    """
    lowest = kth_highest(score, k, work)
    above = 0
    for i in range(score.size):
        above += np.int64(score[i] > lowest)
    ties, kept = k - above, 0
    for i in range(score.size):
        equal = score[i] == lowest
        if kept < k and (score[i] > lowest or (equal and ties > 0)):
            index[kept], score[kept] = index[i], score[i]
            if one.size > 0:
                one[kept], two[kept] = one[i], two[i]
            kept += 1
            ties -= np.int64(equal)
    return lowest, kept


@jit
def _whole_groups(scores, n):
    """The first n scores and as many that are never high as complete a group of :data:`SCAN`."""
    end = (n + SCAN - 1) // SCAN * SCAN
    for i in range(n, end):
        scores[i] = _NEVER
    return scores[:end]


@jit
def _append(scores, first, firsts, seconds, keep, index, score, one, two, work, state):
    """Add a part's blocks above the threshold to the list; a full list is pruned, and the threshold rises.

    ``scores`` are those of :func:`_whole_groups`.
    """
    threshold, kept, found = _F(state[THRESHOLD]), np.int64(state[KEPT]), 0
    for start in range(0, scores.size, SCAN):
        bits = above(scores, start, threshold)
        while bits != 0:
            j = start + np.int64(lowest_bit(bits))
            bits &= np.uint32(bits - np.uint32(1))
            found += 1
            if kept == index.size and keep > 0:
                threshold, kept = keep_highest(keep, index, score, one, two, work)
            if scores[j] > threshold and kept < index.size:
                index[kept], score[kept] = first + j, scores[j]
                if one.size > 0:
                    one[kept], two[kept] = firsts[j], seconds[j]
                kept += 1
    state[THRESHOLD], state[KEPT] = threshold, kept
    state[FOUND] += found


@jit
def _collect(second, a, b, first, ones, twos, scores, keep, index, score, one, two, work, state):
    """Finish a part's statistics, add to the norms, and append its blocks of high score."""
    squares, others = _F(0), _F(0)
    if second == NO_SECOND:
        for j in range(ones.size):
            squares += ones[j] * ones[j]
            scores[j] = a * ones[j]
    else:
        for j in range(ones.size):
            y = np.sqrt(twos[j]) if second == STD else twos[j]
            twos[j] = y
            squares += ones[j] * ones[j]
            others += y * y
            scores[j] = a * ones[j] + b * y
    state[SQUARES] += squares
    state[OTHERS] += others
    _append(_whole_groups(scores, ones.size), first, ones, twos, keep, index, score, one, two, work, state)


@jit
def rows_pass(mode, consume, m, g, bits, u, v, block, l2, second, a, b, keep, index, score, one, two, work, state):
    """The pass over contiguous blocks; false where the gradient is not finite, at which it stops.

    Args:
        mode: what is done with the gradient.
        consume: check it first, and leave zeros behind.
        m: momentum.
        g: gradient, flat.
        bits: the same memory as int32.
        u: velocity.
        v: residual.
        block: elements of a block.
        l2: the first statistic is the L2 norm, not the mean of |x|.
        second: the second statistic.
        a: weight of the first in the score.
        b: weight of the second.
        keep: how many a full list is pruned to; 0 does not prune, and later ones are only counted.
        index: gets the numbers of the blocks above the threshold, rising.
        score: gets their scores.
        one: gets their first statistic; or empty.
        two: likewise.
        work: as long as ``index``.
        state: float64 [STATE], see the names of its entries.
    """
    ones, sums, twos, scores = np.empty(_ROWS, _F), np.empty(_ROWS, _F), np.empty(_ROWS, _F), np.empty(_ROWS, _F)
    blocks = v.size // block
    for first in range(0, blocks, _ROWS):
        n = min(_ROWS, blocks - first)
        low, high = first * block, (first + n) * block
        part = v[low:high]
        if not accumulate(mode, consume, m, g[low:high], bits[low:high], u[low:high], part):
            return False
        if block == ROW:
            _nine_sums(part, ones[:n], sums[:n], twos[:n])
        else:
            _row_sums(part, block, ones[:n], sums[:n], twos[:n])
        _finish(block, l2, ones[:n], sums[:n], twos[:n])
        _collect(second, a, b, first, ones[:n], twos[:n], scores, keep, index, score, one, two, work, state)
    return True


@jit
def tiles_pass(mode, consume, m, g, bits, u, v, cols, p, l2, second, a, b, keep, index, score, one, two, work, state):
    """The pass over p x p tiles of [rows, cols], in strips of columns; see :func:`rows_pass`."""
    rows, across, strip = v.size // cols, (cols + p - 1) // p, max(p, _STRIP // p * p)
    most = strip // p
    ones, sums, twos, scores = np.empty(most, _F), np.empty(most, _F), np.empty(most, _F), np.empty(most + SCAN, _F)
    columns = np.empty((3, strip), _F)
    for top in range(0, rows, p):
        height = min(p, rows - top)
        for left in range(0, cols, strip):
            width = min(strip, cols - left)
            for row in range(top, top + height):
                low = row * cols + left
                high = low + width
                if not accumulate(mode, consume, m, g[low:high], bits[low:high], u[low:high], v[low:high]):
                    return False
            magnitudes, values, squares = columns[0, :width], columns[1, :width], columns[2, :width]
            if height == 3:
                _three_rows(v, cols, top * cols + left, magnitudes, values, squares)
            else:
                columns[:, :width] = _F(0)
                for row in range(top, top + height):
                    low = row * cols + left
                    _column_sums(v[low : low + width], magnitudes, values, squares)
            n, full = (width + p - 1) // p, width // p
            _by_columns(magnitudes, p, ones[:n])
            _by_columns(values, p, sums[:n])
            _by_columns(squares, p, twos[:n])
            _finish(height * p, l2, ones[:full], sums[:full], twos[:full])
            if full < n:
                _finish(height * (width - full * p), l2, ones[full:n], sums[full:n], twos[full:n])
            first = top // p * across + left // p
            _collect(second, a, b, first, ones[:n], twos[:n], scores, keep, index, score, one, two, work, state)
    return True


@jit
def elements_pass(mode, consume, m, g, bits, u, v, keep, index, score, work, state):
    """The pass over single elements, scored by magnitude; see :func:`rows_pass`."""
    scores, nothing = np.empty(_ELEMENTS, _F), np.empty(0, _F)
    for low in range(0, v.size, _ELEMENTS):
        high = min(v.size, low + _ELEMENTS)
        part = v[low:high]
        if not accumulate(mode, consume, m, g[low:high], bits[low:high], u[low:high], part):
            return False
        threshold = _F(state[THRESHOLD])
        over = np.int32(0)
        for i in range(part.size):
            x = abs(part[i])
            scores[i] = x
            over += np.int32(x > threshold)
        if over > 0:
            full = _whole_groups(scores, part.size)
            _append(full, low, nothing, nothing, keep, index, score, nothing, nothing, work, state)
    return True
