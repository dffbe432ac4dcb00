"""The pass of :mod:`rsbench.compressors.sweep` as loops compiled by numba: one read of the gradient, one core.

An optional extra (``pip install 'rsbench[fast]'``), CPU and float32 only; importing this module without numba raises
ImportError. Results equal those of the torch operations to rounding: sums are taken in another order.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import torch

from rsbench.compressors.lanes import LANES, ROW, add_up
from rsbench.compressors.layout import Layout, elements, kernels, tiles
from rsbench.compressors.memory import Residual
from rsbench.compressors.scores import Score
from rsbench.compressors.sweep import Candidates, Cutoff

# Sums may be reordered; non-finite gradients never get here.
_jit: Any = numba.njit(nogil=True, cache=True, fastmath=True, error_model="numpy", boundscheck=False)
_F = np.float32
_ROWS = 512  # blocks at a time: their statistics stay in the first cache
_ELEMENTS = 4096
_SCAN = 32
_NOTHING, _ADD, _MOMENTUM, _NESTEROV = range(4)
_NO_SECOND, _VAR, _STD = range(3)
_MODES = {"": _NO_SECOND, "var": _VAR, "std": _STD}


@_jit
def _take_in(mode, m, g, u, v):  # type: ignore[no-untyped-def]
    if mode == _ADD:
        for i in range(v.size):
            v[i] += g[i]
    elif mode == _MOMENTUM:
        for i in range(v.size):
            x = m * u[i] + g[i]
            u[i] = x
            v[i] += x
    elif mode == _NESTEROV:
        for i in range(v.size):
            x = m * (u[i] + g[i])
            u[i] = x
            v[i] += x + g[i]


@_jit
def _finish(block, l2, one, sums, two):  # type: ignore[no-untyped-def]
    """From sums of |x|, x and x^2 to the statistics; ``two`` then holds the variance."""
    share = _F(1) / _F(block)
    for j in range(one.size):
        s = sums[j] * share
        one[j] = np.sqrt(two[j]) if l2 else one[j] * share
        two[j] = max(two[j] * share - s * s, _F(0))


@_jit
def _row_sums(v, block, one, sums, two):  # type: ignore[no-untyped-def]
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


@_jit
def _nine_sums(v, one, sums, two):  # type: ignore[no-untyped-def]
    """The same for blocks of nine, eight at a time."""
    full = one.size - one.size % LANES
    for j in range(0, full, LANES):
        add_up(v, 9 * j, one, sums, two, j)
    _row_sums(v[9 * full :], 9, one[full:], sums[full:], two[full:])


@_jit
def _tile_statistics(v, cols, p, l2, sums, one, two):  # type: ignore[no-untyped-def]
    """Statistics of one row of tiles: sums over rows first, column by column, then over p columns."""
    rows = v.size // cols
    a, s, q = sums[0, :cols], sums[1, :cols], sums[2, :cols]
    for i in range(cols):
        x = v[i]
        a[i], s[i], q[i] = abs(x), x, x * x
    for r in range(1, rows):
        line = v[r * cols : r * cols + cols]
        for i in range(cols):
            x = line[i]
            a[i] += abs(x)
            s[i] += x
            q[i] += x * x
    for j in range(one.size):
        low = j * p
        high = min(low + p, cols)
        ta, ts, tq = _F(0), _F(0), _F(0)
        for i in range(low, high):
            ta += a[i]
            ts += s[i]
            tq += q[i]
        share = _F(1) / _F(rows * (high - low))
        ts *= share
        one[j] = np.sqrt(tq) if l2 else ta * share
        two[j] = max(tq * share - ts * ts, _F(0))


@_jit
def _collect(second, a, b, threshold, first, one, two, index, kept_one, kept_two, totals, found):  # type: ignore[no-untyped-def]
    """Add to the norms; append the blocks whose score reaches the threshold."""
    squares, others = _F(0), _F(0)
    over = np.int32(0)
    if second == _NO_SECOND:
        for j in range(one.size):
            squares += one[j] * one[j]
            over += np.int32(a * one[j] >= threshold)
    else:
        for j in range(one.size):
            y = np.sqrt(two[j]) if second == _STD else two[j]
            two[j] = y
            squares += one[j] * one[j]
            others += y * y
            over += np.int32(a * one[j] + b * y >= threshold)
    totals[0] += squares
    totals[1] += others
    if over == 0:
        return found
    for j in range(one.size):
        if (a * one[j] if second == _NO_SECOND else a * one[j] + b * two[j]) >= threshold:
            if found < index.size:
                index[found] = first + j
                kept_one[found] = one[j]
                kept_two[found] = two[j]
            found += 1
    return found


@_jit
def _sweep_rows(mode, m, g, u, v, block, l2, second, a, b, threshold, index, kept_one, kept_two, totals):  # type: ignore[no-untyped-def]
    one, sums, two = np.empty(_ROWS, _F), np.empty(_ROWS, _F), np.empty(_ROWS, _F)
    blocks, found = v.size // block, 0
    for first in range(0, blocks, _ROWS):
        count = min(_ROWS, blocks - first)
        low, high = first * block, (first + count) * block
        part = v[low:high]
        _take_in(mode, m, g[low:high], u[low:high], part)
        if block == ROW:
            _nine_sums(part, one[:count], sums[:count], two[:count])
        else:
            _row_sums(part, block, one[:count], sums[:count], two[:count])
        _finish(block, l2, one[:count], sums[:count], two[:count])
        found = _collect(
            second, a, b, threshold, first, one[:count], two[:count], index, kept_one, kept_two, totals, found
        )
    return found


@_jit
def _sweep_tiles(mode, m, g, u, v, cols, p, l2, second, a, b, threshold, index, kept_one, kept_two, totals):  # type: ignore[no-untyped-def]
    across = (cols + p - 1) // p
    one, two, sums = np.empty(across, _F), np.empty(across, _F), np.empty((3, cols), _F)
    found, first = 0, 0
    for low in range(0, v.size, p * cols):
        high = min(v.size, low + p * cols)
        part = v[low:high]
        _take_in(mode, m, g[low:high], u[low:high], part)
        _tile_statistics(part, cols, p, l2, sums, one, two)
        found = _collect(second, a, b, threshold, first, one, two, index, kept_one, kept_two, totals, found)
        first += across
    return found


@_jit
def _sweep_elements(mode, m, g, u, v, threshold, index, kept, totals):  # type: ignore[no-untyped-def]
    found = 0
    for low in range(0, v.size, _ELEMENTS):
        high = min(v.size, low + _ELEMENTS)
        part = v[low:high]
        _take_in(mode, m, g[low:high], u[low:high], part)
        over = np.int32(0)
        for i in range(part.size):
            over += np.int32(abs(part[i]) >= threshold)
        if over == 0:
            continue
        for start in range(0, part.size, _SCAN):
            few = part[start : start + _SCAN]
            over = np.int32(0)
            for i in range(few.size):
                over += np.int32(abs(few[i]) >= threshold)
            if over == 0:
                continue
            for i in range(few.size):
                if abs(few[i]) >= threshold:
                    if found < index.size:
                        index[found] = low + start + i
                        kept[found] = abs(few[i])
                    found += 1
    return found


def _mode(residual: Residual, gradient: torch.Tensor | None) -> int:
    if gradient is None or residual.v.data_ptr() == gradient.data_ptr():
        return _NOTHING
    if residual.u is None:
        return _ADD
    return _NESTEROV if residual.nesterov else _MOMENTUM


def sweep_compiled(
    residual: Residual, gradient: torch.Tensor | None, layout: Layout, score: Score, cutoff: Cutoff
) -> Candidates:
    """The pass by compiled loops (see :class:`~rsbench.compressors.sweep.Sweep`)."""
    v = residual.v.numpy()
    g = v if gradient is None else gradient.numpy()
    u = v if residual.u is None else residual.u.numpy()
    index, totals = np.empty(cutoff.capacity, np.int64), np.zeros(2)
    one, two = np.empty(cutoff.capacity, _F), np.empty(cutoff.capacity, _F)
    start: tuple[Any, ...] = (_mode(residual, gradient), _F(residual.momentum), g, u, v)
    if layout.block == 1 and score.norm == "none" and not score.second:
        found = _sweep_elements(*start, _F(cutoff.threshold / (cutoff.weights[0] or 1.0)), index, one, totals)
    else:
        a, b = map(_F, cutoff.weights)
        rest = (score.first == "l2", _MODES[score.second], a, b, _F(cutoff.threshold), index, one, two, totals)
        if layout.tile:
            found = _sweep_tiles(*start, layout.cols, layout.tile, *rest)
        else:
            found = _sweep_rows(*start, layout.block, *rest)
    kept = min(found, cutoff.capacity)
    first, second = torch.from_numpy(one[:kept]), torch.from_numpy(two[:kept])
    return Candidates(
        torch.from_numpy(index[:kept]),
        (first, second if score.second else None),
        found,
        float(totals[0]),
        float(totals[1]),
    )


def try_out() -> None:
    """Compile all loops, or load them from numba's cache, by passes over tiny tensors (seconds at the first time)."""
    cutoff = Cutoff((1.0, 0.0), 0.5, 4)
    for layout in (elements((4, 4)), kernels((2, 2, 3, 3), 3), tiles((4, 4), 3)):
        v = torch.ones(layout.numel)
        found = sweep_compiled(Residual(v, v.clone(), 0.5), v.clone(), layout, Score(second="std", norm="l2"), cutoff)
        sweep_compiled(Residual(v), v, layout, Score(), cutoff)
        if found.found != layout.blocks:
            raise RuntimeError("compiled loops give wrong results")
