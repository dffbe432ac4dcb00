"""The list of candidates as loops compiled by numba: blocks of high score, pruned to the best when the list is full."""

# mypy: allow-untyped-defs, disable-error-code="assignment"
from __future__ import annotations

import numpy as np

from rsbench.compressors.kernels.jit import jit, strict_jit
from rsbench.compressors.kernels.simd import SCAN, above, lowest_bit
from rsbench.compressors.kernels.statistic_loops import NO_SECOND, STD

THRESHOLD, KEPT, REACHED, SQUARES, OTHERS = range(5)
"""State of a pass: only scores above are let in; how many are in the list; how many reached it, pruned ones included;
sums of squares of both statistics over all blocks."""
STATE = 5
_F = np.float32
_NEVER = np.finfo(_F).min


@strict_jit
def kth_highest(values, k):
    """Return the k-th highest of some numbers by quickselect; their order is lost."""
    low, high, at = 0, values.size - 1, k - 1
    while low < high:
        x, y, z = values[low], values[(low + high) // 2], values[high]
        pivot = max(min(x, y), min(max(x, y), z))
        i, j = low, high
        while i <= j:
            while values[i] > pivot:
                i += 1
            while values[j] < pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if at <= j:
            high = j
        elif at >= i:
            low = i
        else:
            break
    return values[at]


@strict_jit
def keep_highest(k, index, score, one, two, work):
    """Move a list's entries with the k highest scores, of equal ones the first, to its front, in their order.

    Returns:
        The k-th highest score, and how many were moved: k, or fewer where nan is among the scores.
    """
    for i in range(score.size):
        work[i] = score[i]
    lowest, above = kth_highest(work[: score.size], k), 0
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
def whole_groups(scores, n):
    """Return the first n scores and as many that are never high as complete a group of :data:`SCAN`."""
    end = (n + SCAN - 1) // SCAN * SCAN
    for i in range(n, end):
        scores[i] = _NEVER
    return scores[:end]


@jit
def append(scores, first, firsts, seconds, keep, index, score, one, two, work, state):
    """Add a part's blocks above the threshold to the list; a full list is pruned, and the threshold rises.

    ``scores`` are those of :func:`whole_groups`.
    """
    threshold, kept, reached = _F(state[THRESHOLD]), np.int64(state[KEPT]), 0
    for start in range(0, scores.size, SCAN):
        bits = above(scores, start, threshold)
        while bits != 0:
            j = start + np.int64(lowest_bit(bits))
            bits &= np.uint32(bits - np.uint32(1))
            reached += 1
            if kept == index.size and keep > 0:
                threshold, kept = keep_highest(keep, index, score, one, two, work)
            if scores[j] > threshold and kept < index.size:
                index[kept], score[kept] = first + j, scores[j]
                if one.size > 0:
                    one[kept], two[kept] = firsts[j], seconds[j]
                kept += 1
    state[THRESHOLD], state[KEPT] = threshold, kept
    state[REACHED] += reached


@jit
def collect(second, a, b, first, ones, twos, scores, keep, index, score, one, two, work, state):
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
    append(whole_groups(scores, ones.size), first, ones, twos, keep, index, score, one, two, work, state)
