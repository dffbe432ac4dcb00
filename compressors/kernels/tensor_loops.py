"""The pass of ``threshold_pass`` as loops compiled by numba: one read of the gradient, one core.

Every loop works on parts that stay in the first or second cache: a part of the gradient is checked, accumulated, set to
zero where asked, and scored before the next one is read. Touch this file when you change another file of loops
(:mod:`rsbench.compressors.kernels.jit` says why).
"""

# mypy: allow-untyped-defs, disable-error-code="assignment"
from __future__ import annotations

import numpy as np

from rsbench.compressors.kernels.candidate_loops import THRESHOLD, append, collect, whole_groups
from rsbench.compressors.kernels.jit import jit
from rsbench.compressors.kernels.simd import ROW, SCAN
from rsbench.compressors.kernels.statistic_loops import by_columns, column_sums, finish, nine_sums, row_sums, three_rows
from rsbench.compressors.kernels.sweep_loops import take_in
from rsbench.compressors.kernels.take_in import ADD, MOMENTUM, NESTEROV

_F = np.float32
_ROWS = 64  # blocks at a time: their statistics stay in the first cache
_ELEMENTS = 4096
_STRIP = 12288  # columns of tiles at a time


@jit
def _add_gradient(mode, m, g, u, v):
    """Accumulate as ``Residual.accumulate`` does, but that ``m u + g`` may be rounded once (FMA)."""
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
def accumulate(mode, consume, m, g, u, v):
    """Accumulate a part; ``consume`` leaves zeros in g, and returns false where it held inf or nan."""
    if consume:
        return take_in(mode, m, g, u, v)
    _add_gradient(mode, m, g, u, v)
    return True


@jit
def rows_pass(mode, consume, m, g, u, v, block, l2, second, a, b, keep, index, score, one, two, work, state):
    """Run the pass over contiguous blocks; return false where the gradient is not finite, at which it stops.

    Args:
        mode: what is done with the gradient.
        consume: check it, and leave zeros behind.
        m: momentum.
        g: gradient, flat.
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
        two: gets their second statistic; or empty.
        work: as long as ``index``.
        state: float64 [STATE], see the names of its entries.
    """
    ones, sums, twos, scores = np.empty(_ROWS, _F), np.empty(_ROWS, _F), np.empty(_ROWS, _F), np.empty(_ROWS, _F)
    blocks = v.size // block
    for first in range(0, blocks, _ROWS):
        n = min(_ROWS, blocks - first)
        low, high = first * block, (first + n) * block
        part = v[low:high]
        if not accumulate(mode, consume, m, g[low:high], u[low:high], part):
            return False
        if block == ROW:
            nine_sums(part, ones[:n], sums[:n], twos[:n])
        else:
            row_sums(part, block, ones[:n], sums[:n], twos[:n])
        finish(block, l2, ones[:n], sums[:n], twos[:n])
        collect(second, a, b, first, ones[:n], twos[:n], scores, keep, index, score, one, two, work, state)
    return True


@jit
def tiles_pass(mode, consume, m, g, u, v, cols, p, l2, second, a, b, keep, index, score, one, two, work, state):
    """Run the pass over p x p tiles of [rows, cols], in strips of columns; arguments as :func:`rows_pass`."""
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
                if not accumulate(mode, consume, m, g[low:high], u[low:high], v[low:high]):
                    return False
            magnitudes, values, squares = columns[0, :width], columns[1, :width], columns[2, :width]
            if height == 3:
                three_rows(v, cols, top * cols + left, magnitudes, values, squares)
            else:
                columns[:, :width] = _F(0)
                for row in range(top, top + height):
                    low = row * cols + left
                    column_sums(v[low : low + width], magnitudes, values, squares)
            n, full = (width + p - 1) // p, width // p
            by_columns(magnitudes, p, ones[:n])
            by_columns(values, p, sums[:n])
            by_columns(squares, p, twos[:n])
            finish(height * p, l2, ones[:full], sums[:full], twos[:full])
            if full < n:
                finish(height * (width - full * p), l2, ones[full:n], sums[full:n], twos[full:n])
            first = top // p * across + left // p
            collect(second, a, b, first, ones[:n], twos[:n], scores, keep, index, score, one, two, work, state)
    return True


@jit
def elements_pass(mode, consume, m, g, u, v, keep, index, score, work, state):
    """Run the pass over single elements, scored by magnitude; arguments as :func:`rows_pass`."""
    scores, nothing = np.empty(_ELEMENTS, _F), np.empty(0, _F)
    for low in range(0, v.size, _ELEMENTS):
        high = min(v.size, low + _ELEMENTS)
        part = v[low:high]
        if not accumulate(mode, consume, m, g[low:high], u[low:high], part):
            return False
        threshold = _F(state[THRESHOLD])
        over = np.int32(0)
        for i in range(part.size):
            x = abs(part[i])
            scores[i] = x
            over += np.int32(x > threshold)
        if over > 0:
            full = whole_groups(scores, part.size)
            append(full, low, nothing, nothing, keep, index, score, nothing, nothing, work, state)
    return True
