"""Statistics of blocks as loops compiled by numba: sums of |x|, x and x^2 over rows, and over tiles by their columns.

Results equal those of the torch operations to rounding: sums are taken in another order.
"""

# mypy: allow-untyped-defs, disable-error-code="assignment"
from __future__ import annotations

import numpy as np

from rsbench.compressors.kernels.jit import jit
from rsbench.compressors.kernels.simd import LANES, add_threes, add_up

NO_SECOND, VAR, STD = range(3)
"""Second statistic of a score."""
_F = np.float32


@jit
def finish(block, l2, one, sums, two):
    """Turn sums of |x|, x and x^2 into the statistics; ``two`` then holds the variance."""
    share = _F(1) / _F(block)
    for j in range(one.size):
        s = sums[j] * share
        one[j] = np.sqrt(two[j]) if l2 else one[j] * share
        two[j] = max(two[j] * share - s * s, _F(0))


@jit
def row_sums(v, block, one, sums, two):
    """Sum |x|, x and x^2 over contiguous blocks."""
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
def nine_sums(v, one, sums, two):
    """Sum |x|, x and x^2 over contiguous blocks of nine, eight blocks at a time."""
    full = one.size - one.size % LANES
    for j in range(0, full, LANES):
        add_up(v, 9 * j, one, sums, two, j)
    row_sums(v[9 * full :], 9, one[full:], sums[full:], two[full:])


@jit
def column_sums(v, a, s, q):
    """Add one row of a strip to the sums of |x|, x and x^2 of its columns."""
    for i in range(v.size):
        x = v[i]
        a[i] += abs(x)
        s[i] += x
        q[i] += x * x


@jit
def three_rows(v, cols, low, a, s, q):
    """Sum |x|, x and x^2 over the columns of three rows at once, the usual tile."""
    first, second, third = v[low:], v[low + cols :], v[low + 2 * cols :]
    for i in range(a.size):
        x, y, z = first[i], second[i], third[i]
        a[i] = abs(x) + abs(y) + abs(z)
        s[i] = x + y + z
        q[i] = x * x + y * y + z * z


@jit
def by_threes(columns, sums):
    """Sum over three neighbouring columns, eight times at once."""
    full = sums.size - sums.size % LANES
    for j in range(0, full, LANES):
        add_threes(columns, 3 * j, sums, j)
    for j in range(full, sums.size):
        sums[j] = columns[3 * j] + columns[3 * j + 1] + columns[3 * j + 2]


@jit
def by_columns(columns, p, sums):
    """Sum over p neighbouring columns; the last may be fewer."""
    full = columns.size // p
    if p == 3:
        by_threes(columns, sums[:full])
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
