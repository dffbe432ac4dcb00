"""The exact choice of the k largest magnitudes of a tensor, as loops compiled by numba.

One walk (``sweep_loops``) takes the gradient in, lists what is above a threshold and counts it into bins of magnitude
while it is in the cache. Then the k-th magnitude follows from the bins and a look at the few in its bin, and a walk
over the list leaves the k highest.
"""

# mypy: allow-untyped-defs, disable-error-code="assignment"
from __future__ import annotations

from typing import Any

import numpy as np

from rsbench.compressors.kernels.candidate_loops import kth_highest
from rsbench.compressors.kernels.jit import jit, strict_jit
from rsbench.compressors.kernels.sweep_loops import BINS, INFINITE, PART, SPARE, at_once, most_listed, sweep
from rsbench.compressors.kernels.take_in import NOTHING, from_bits, magnitude_bits

FEW = 1 << 12
"""Magnitudes of one bin that are told apart one by one; more are counted into finer bins first."""
_FINER, _FINE, _COARSE = 3, 13, 20
"""Bits that a bin leaves out: 2,048 bins cover a fine one, reach to four times the threshold, or over all float32."""
_LOWER_BY = 6 << 20  # of a bit pattern: to six tenths
_F = np.float32


@jit
def _within(patterns, low, high, few):
    """List the magnitudes in [low, high) in ``few``, which has an entry to spare."""
    count = 0
    for i in range(patterns.size):
        few[count] = patterns[i]
        count += np.int64(patterns[i] >= low) & np.int64(patterns[i] < high)


@jit
def _count_within(patterns, low, high, shift, bins):
    """Count the magnitudes in [low, high) into bins."""
    bins[:] = 0
    for i in range(patterns.size):
        pattern = np.int64(patterns[i])
        if low <= pattern < high:
            bins[(pattern - low) >> shift] += 1


@jit
def _bin_of_kth(k, limit, shift, bins):
    """Return the bin that holds the k-th highest, its lowest bit pattern, and how many of the k are in it."""
    place = BINS - 1
    while bins[place] < k:
        k -= bins[place]
        place -= 1
    return place, np.int64(limit) + (place << shift), k


@jit
def kth_magnitude(k, patterns, limit, shift, bins, few):
    """Return the bit pattern of the k-th highest of at least k listed magnitudes, and how many of the k equal it.

    Args:
        k: 1 <= k.
        patterns: what :func:`sweep` listed.
        limit: see there.
        shift: see there.
        bins: see there; overwritten.
        few: int32 [FEW + 1], room to work in.
    """
    end = np.int64(INFINITE) + 1
    while True:
        place, low, k = _bin_of_kth(k, limit, shift, bins)
        high = end if place == BINS - 1 else min(end, low + (1 << shift))
        if high - low == 1:
            return low, k
        if bins[place] <= FEW:
            _within(patterns, np.int32(low), np.int32(high), few)
            inside = few[: bins[place]]
            kth, above = np.int64(kth_highest(inside, k)), 0
            for i in range(inside.size):
                above += np.int64(inside[i] > kth)
            return kth, k - above
        shift = 0
        while (high - low - 1) >> shift >= BINS - 1:
            shift += 1
        _count_within(patterns, low, high, shift, bins)
        limit, end = np.int64(low), high


@jit
def _list_exactly(k, kth, ties, v, index, patterns):
    """List what is above the k-th magnitude, and the first that equal it, from all elements."""
    count = 0
    for j in range(v.size):
        pattern = min(magnitude_bits(v[j]), INFINITE)
        equal = np.int64(pattern == kth) & np.int64(ties > 0)
        index[count], patterns[count] = j, pattern
        count += np.int64(pattern > kth) | equal
        ties -= equal
        if count == k:
            return


@jit
def _narrow(k, limit, shift, each, v, bins, index, patterns, reached):
    """Look again until at least k candidates are listed, and no more than the list holds.

    Where too many equal the k-th magnitude, the list gets exactly the k that are sent.

    Returns:
        How many are listed, by which limit and shift, and the k-th magnitude and its ties where these are known, or -1.
    """
    lowered = False
    while reached < k or reached > most_listed(index):
        if reached > k:
            place, low, ties = _bin_of_kth(k, limit, shift, bins)
            if shift == 0 and place < BINS - 1:
                _list_exactly(k, np.int32(low), ties, v, index, patterns)
                return k, limit, shift, low, ties
            limit = max(low - 1, limit)
            shift = _COARSE if place == BINS - 1 else _FINE if shift > _FINE else _FINER if shift > _FINER else 0
        elif limit == 0:
            _list_exactly(k, np.int32(0), k - reached, v, index, patterns)
            return k, limit, shift, np.int64(0), k - reached
        else:
            limit, shift = (np.int64(0), _COARSE) if lowered else (max(limit - _LOWER_BY, 0), _FINE)
            lowered = True
        reached = sweep(NOTHING, _F(0), v, v, v, np.int32(limit), shift, each, bins, index, patterns)
    return reached, limit, shift, np.int64(-1), k


@jit
def _keep_highest(k, kth, ties, index, patterns):
    """Move the indices of the k highest to the front, of equal ones the first; their order stays."""
    count = 0
    for i in range(index.size):
        equal = np.int64(patterns[i] == kth) & np.int64(ties > 0)
        index[count] = index[i]
        count += np.int64(patterns[i] > kth) | equal
        ties -= equal
        if count == k:
            return


@jit
def move_elements(index, values, v, u, mask):
    """Move elements into the message; zeros stay behind, in u too where ``mask`` holds."""
    for i in range(index.size):
        values[i] = v[index[i]]
        v[index[i]] = _F(0)
    if mask:
        for i in range(index.size):
            u[index[i]] = _F(0)


@strict_jit
def first_limit(hint):
    """Return the bit pattern that candidates must be above, 0 or more and below inf, whatever the hint holds."""
    return min(max(np.int64(magnitude_bits(_F(hint[2] * hint[3]))) - 1, 0), np.int64(INFINITE) - 1)


@strict_jit
def next_aim(before, kth, limit, listed, k, density):
    """Return the next threshold as a share of this step's k-th magnitude.

    As the k-th magnitude grew from the step before, so it is expected to grow again: while residuals fill up it rises,
    and with it what was just below. How many more candidates a lower threshold gives follows from how many there were
    above this one. Few sent elements leave room for many candidates, which forgive a bad guess; of many each costs
    time. So 3.3 k candidates are aimed at where one element of 500 is sent, 2 k of 100, 1.4 k of 10.

    Args:
        before: k-th score of the step before; 0 without one.
        kth: of this step.
        limit: threshold that candidates were above.
        listed: how many they were.
        k: how many are sent.
        density: k as a share of all.
    """
    wanted = 1.3 + min(2.0, 0.007 / density)
    growth = min(max(kth / before, 0.9), 1.5) if 0 < before < np.inf and kth >= 0 else 1.0
    if listed <= k or not kth > limit > 0:
        return 0.95 * growth
    steepness = max(np.log(listed / k) / np.log(kth / limit), 2.0)
    return growth * min(max(wanted ** (-1 / steepness), 0.7), 0.999)


@jit
def send_elements(k, hint, mode, m, g, u, v, values, mask, bins, few, index, patterns):
    """Take the gradient in and move the k largest magnitudes into the message, of equal ones the first.

    Args:
        k: how many.
        hint: float64 [4] of the tensor, renewed: see :class:`~rsbench.compressors.selection.hints.Hint`.
        mode: see :func:`sweep`, as are ``m``, ``g``, ``u``, ``v`` and ``bins``.
        m: see there.
        g: see there.
        u: see there.
        v: see there.
        values: of the message, the tensor's first.
        mask: whether zeros are left in u too.
        bins: see there.
        few: int32 [FEW + 1], room to work in.
        index: int32 [:func:`room_for`]; its first k are the indices then, rising.
        patterns: int32, as long, room to work in.

    Returns:
        False where the gradient holds inf or nan.
    """
    limit: Any = first_limit(hint)
    shift = _FINE if limit > 0 else _COARSE
    each = at_once(k / v.size)
    reached = sweep(mode, m, g, u, v, np.int32(limit), shift, each, bins, index, patterns)
    if reached < 0:
        return False
    listed, limit, shift, kth, ties = _narrow(k, limit, shift, each, v, bins, index, patterns, reached)
    if kth < 0:
        kth, ties = kth_magnitude(k, patterns[:listed], limit, shift, bins, few)
    _keep_highest(k, kth, ties, index[:listed], patterns)
    move_elements(index[:k], values, v, u, mask)
    highest, threshold = np.float64(from_bits(np.int32(kth))), np.float64(from_bits(np.int32(limit)))
    hint[3] = next_aim(hint[2], highest, threshold, listed, k, k / v.size)
    hint[0], hint[1], hint[2] = 1.0, 0.0, highest
    return True


def room_for(k: int, numel: int) -> int:
    """Return the entries of the list of candidates where k of so many elements are wanted.

    Few sent elements get room for ten times as many, many sent ones for a sixteenth of the tensor more.
    """
    return min(k + min(k, numel >> 4) + min(10 * k, numel >> 6), numel) + PART + SPARE
