"""Loops compiled by numba over all tensors of a bucket: gradients to message, messages to averaged gradient.

Called by ``bucket``, which says what they serve. They are compiled together with those of
``tensor_loops``: numba's cache on disk notices a change of this file only, so touch it when you change
that one.
"""

# mypy: allow-untyped-defs, disable-error-code="assignment"
from __future__ import annotations

import numpy as np

from rsbench.compressors.blocks.index_codings import FILLER
from rsbench.compressors.kernels import tensor_loops
from rsbench.compressors.kernels.tensor_loops import jit, strict_jit
from rsbench.compressors.selection.scores import TINY

NOT_FINITE, UNTOUCHED, TAKEN, DONE = range(-1, 3)
"""What became of a tensor: its gradient holds inf or nan; nothing; taken in, but nothing chosen; all in the message."""
PLAIN, WHOLE, ELEMENTS, ROWS, TILES = range(5)
"""What is sent of a tensor: the gradient, all of the residual, or chosen blocks of it."""
INT32, GAPS, BITMAP = range(3)
"""Codings of block indices."""
_F = np.float32

(
    KIND,
    GRADIENT,
    MEMORY,
    NUMEL,
    BLOCK,
    COLS,
    P,
    BLOCKS,
    COUNT,
    CAPACITY,
    MASK,
    CODING,
    INDICES,
    VALUES,
) = range(14)
"""Columns of the table, which has one row a tensor: what is sent, where its gradient and its memory start, its cut into
blocks, how many are sent, length of the list of candidates, whether momentum is masked, coding of the indices, and
where in the message indices and values start (in bytes)."""
L2, SECOND, NORM = range(3)
"""What describes the score: whether the first statistic is the L2 norm, the second one, whether both are scaled."""
_PASSES = 4
_LOWER_BY = 0.6


@jit
def _send_whole(values, v, u, mask):
    for i in range(v.size):
        values[i] = v[i]
        v[i] = _F(0)
    if mask:
        for i in range(u.size):
            u[i] = _F(0)


@jit
def _write_indices(row, index, bytes_, halves, words):
    """The codings of :mod:`rsbench.compressors.blocks.index_codings`; the message holds zeros before."""
    at, end = row[INDICES], row[VALUES]
    if row[CODING] == INT32:
        for i in range(index.size):
            words[at // 4 + i] = index[i]
    elif row[CODING] == BITMAP:
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
def _read_indices(row, index, bytes_, halves, words):
    """Fill ``index``; false where the indices are not those of an encoder, in range and rising."""
    at, end, blocks, found, last = row[INDICES], row[VALUES], row[BLOCKS], 0, -1
    if row[CODING] == BITMAP:
        for j in range(blocks):
            if bytes_[at + j // 8] >> (j % 8) & 1:
                if found < index.size:
                    index[found] = j
                found += 1
        return found == index.size
    if row[CODING] == INT32:
        for i in range(index.size):
            index[i] = words[at // 4 + i]
        found = index.size
    else:
        position = 0
        for i in range(at // 2, end // 2):
            step = np.int64(halves[i])
            position += step
            if step != FILLER and found < index.size:
                index[found] = position
                found += 1
    for i in range(found):
        if index[i] <= last or index[i] >= blocks:
            return False
        last = index[i]
    return found == index.size


@jit
def _send_blocks(row, index, values, v, u):
    """Move blocks into the message; zeros stay behind, in u too where momentum is masked."""
    block, p, cols, mask = row[BLOCK], row[P], row[COLS], row[MASK]
    for i in range(index.size):
        if row[KIND] != TILES:
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
def _add_blocks(row, index, values, g):
    block, p, cols = row[BLOCK], row[P], row[COLS]
    for i in range(index.size):
        if row[KIND] != TILES:
            low = index[i] * block
            for e in range(block):
                g[low + e] += values[i * block + e]
            continue
        across = (cols + p - 1) // p
        top, left = index[i] // across * p, index[i] % across * p
        for r in range(min(p, g.size // cols - top)):
            for c in range(min(p, cols - left)):
                g[(top + r) * cols + left + c] += values[i * block + r * p + c]


@jit
def _threshold_pass(row, mode, consume, m, g, bits, u, v, l2, second, a, b, keep, index, score, one, two, work, state):
    """The pass that the tensor's layout asks for."""
    if row[KIND] == ELEMENTS:
        return tensor_loops.elements_pass(mode, consume, m, g, bits, u, v, keep, index, score, work, state)
    if row[KIND] == TILES:
        return tensor_loops.tiles_pass(
            mode, consume, m, g, bits, u, v, row[COLS], row[P], l2, second, a, b, keep, index, score, one, two, work,
            state,
        )  # fmt: skip
    return tensor_loops.rows_pass(
        mode, consume, m, g, bits, u, v, row[BLOCK], l2, second, a, b, keep, index, score, one, two, work, state
    )


@jit
def _true_weights(kind, alpha, magnitude, state):
    """Factors a and b of the score, see :meth:`rsbench.compressors.selection.scores.Score.weights`."""
    if magnitude:
        return 1.0, 0.0
    if kind[NORM] == 0:
        return alpha, 1 - alpha
    return alpha / (state[tensor_loops.SQUARES] ** 0.5 + TINY), (1 - alpha) / (state[tensor_loops.OTHERS] ** 0.5 + TINY)


@jit
def _rescore(second, a, b, score, one, two):
    if second == tensor_loops.NO_SECOND:
        for i in range(score.size):
            score[i] = _F(a) * one[i]
    else:
        for i in range(score.size):
            score[i] = _F(a) * one[i] + _F(b) * two[i]


@jit
def _choose(row, hint, kind, alpha, mode, m, g, bits, u, v, lists):
    """Take the gradient in; move the indices of the k best blocks to the front of ``index``.

    One pass as a rule. A second one, over the residual alone, where fewer than k blocks were above the threshold, or
    where NSI's norms, known only after a pass, leave it open whether a block that was left out belongs to the best.

    Returns:
        :data:`DONE`, :data:`TAKEN` where no k blocks could be told (nan), or NOT_FINITE.
    """
    index, score, one, two, work = lists
    k, magnitude, most = row[COUNT], row[KIND] == ELEMENTS, row[CAPACITY]
    second = tensor_loops.NO_SECOND if magnitude else kind[SECOND]
    known = hint[0] >= 0
    a, b = (hint[0], hint[1]) if known else (alpha, 1 - alpha)
    threshold = hint[2] * hint[3] if known and hint[2] > 0 else -1.0
    state = np.zeros(tensor_loops.STATE)
    aim = hint[3]
    for turn in range(_PASSES):
        state[:] = 0.0
        state[tensor_loops.THRESHOLD] = threshold
        fits = _threshold_pass(
            row, mode, turn == 0, m, g, bits, u, v, kind[L2] == 1, second, _F(a), _F(b),
            (k + most) // 2, index[:most], score[:most], one[:most], two[:most], work[:most], state,
        )  # fmt: skip
        if not fits:
            return NOT_FINITE
        mode = tensor_loops.NOTHING
        kept = int(state[tensor_loops.KEPT])
        if turn == 0:
            aim = _next_aim(aim, state[tensor_loops.FOUND], k)
        if kept < k:
            threshold = threshold * _LOWER_BY if turn == 0 else -1.0
            continue
        level = state[tensor_loops.THRESHOLD]
        true_a, true_b = _true_weights(kind, alpha, magnitude, state)
        if not magnitude:
            _rescore(second, true_a, true_b, score[:kept], one[:kept], two[:kept])
        lowest, count = tensor_loops.keep_highest(k, index[:kept], score[:kept], one[:0], two[:0], work[:kept])
        slack = true_a / a if true_a > 0 else 0.0
        if second != tensor_loops.NO_SECOND and true_b > 0:
            slack = max(slack, true_b / b)
        if level < 0 or lowest >= level * slack:
            hint[0], hint[1], hint[2], hint[3] = true_a, true_b, lowest, aim
            return DONE if count == k else TAKEN
        a, b, threshold = true_a, true_b, lowest * (1 - 1e-6)
    return TAKEN


@jit
def _next_aim(aim, found, k):
    """The next threshold's share of the k-th score: steered towards 2 k to 4 k candidates, away from fewer than k."""
    if found < k:
        return aim * 0.95
    if found < 2 * k + 64:
        return aim * 0.985
    return min(aim * 1.01, 0.98) if found > 4 * k + 1024 else aim


@jit
def compress(table, hints, kind, alpha, mode, m, g, bits, u, v, out, became, lists):
    """All tensors of a bucket; returns 0, or 1 + the number of the first that is not finite.

    Args:
        table: of :class:`BucketPlan`.
        hints: float64 [T, 4], see ``SampledSelector.hint``; new ones are left behind.
        kind: int64 [3], which score.
        alpha: of the score.
        mode: what is done with a gradient, see :mod:`rsbench.compressors.kernels.tensor_loops`.
        m: momentum.
        g: gradients of the bucket, flat float32; zeros are left behind.
        bits: the same memory as int32.
        u: velocities of all tensors, flat.
        v: residuals of all tensors, flat.
        out: the message as uint8, uint16, int32 and float32.
        became: int64 [T], gets what became of each tensor.
        lists: of candidates: indices, scores, both statistics, and room to work in.
    """
    values = out[3]
    for t in range(table.shape[0]):
        row = table[t]
        low, high = row[GRADIENT], row[GRADIENT] + row[NUMEL]
        first, last = row[MEMORY], row[MEMORY] + row[NUMEL]
        into = values[row[VALUES] // 4 :]
        if row[KIND] == PLAIN:
            for i in range(low, high):
                into[i - low] = g[i]
            if not tensor_loops.accumulate(tensor_loops.NOTHING, True, m, g[low:high], bits[low:high], into, into):
                return 1 + t
        elif row[KIND] == WHOLE:
            if not tensor_loops.accumulate(mode, True, m, g[low:high], bits[low:high], u[first:last], v[first:last]):
                return 1 + t
            _send_whole(into, v[first:last], u[first:last], row[MASK])
        else:
            became[t] = _choose(
                row, hints[t], kind, alpha, mode, m, g[low:high], bits[low:high], u[first:last], v[first:last],
                lists,
            )  # fmt: skip
            if became[t] == NOT_FINITE:
                return 1 + t
            if became[t] == TAKEN:
                continue
            chosen = lists[0][: row[COUNT]]
            _write_indices(row, chosen, out[0], out[1], out[2])
            _send_blocks(row, chosen, into, v[first:last], u[first:last])
        became[t] = DONE
    return 0


@strict_jit
def _scale(values, share):
    """In a loop of its own, so that the product is rounded before it is added."""
    for i in range(values.size):
        values[i] *= share


@strict_jit
def decode(table, g, share, messages, index):
    """Add all ranks' messages, each divided by W, to zeros; returns 0, or 1 + the rank whose indices are wrong."""
    bytes_, halves, words, values = messages
    for t in range(table.shape[0]):
        row = table[t]
        part = g[row[GRADIENT] : row[GRADIENT] + row[NUMEL]]
        for rank in range(values.shape[0]):
            found = values[rank, row[VALUES] // 4 :]
            if row[KIND] == PLAIN or row[KIND] == WHOLE:
                _scale(found[: part.size], share)
                for i in range(part.size):
                    part[i] += found[i]
            else:
                if not _read_indices(row, index[: row[COUNT]], bytes_[rank], halves[rank], words[rank]):
                    return 1 + rank
                _scale(found[: row[COUNT] * row[BLOCK]], share)
                _add_blocks(row, index[: row[COUNT]], found, part)
    return 0
