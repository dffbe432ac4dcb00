"""Loops compiled by numba over all tensors of a bucket: gradients to message, messages to averaged gradient.

Called by ``bucket``, which says what they serve. numba's cache on disk notices a change of this file only, so touch it
when you change another file of loops.
"""

# mypy: allow-untyped-defs, disable-error-code="assignment"
from __future__ import annotations

import numpy as np

from rsbench.compressors.kernels import columns as col
from rsbench.compressors.kernels.candidate_loops import KEPT, OTHERS, SQUARES, STATE, THRESHOLD, keep_highest
from rsbench.compressors.kernels.element_loops import move_elements, next_aim, send_elements
from rsbench.compressors.kernels.jit import jit, strict_jit
from rsbench.compressors.kernels.message_loops import (
    add_blocks,
    move_gradient,
    read_indices,
    read_values,
    round_values,
    send_blocks,
    send_whole,
    write_indices,
)
from rsbench.compressors.kernels.statistic_loops import NO_SECOND
from rsbench.compressors.kernels.sweep_loops import SPARE, take_in
from rsbench.compressors.kernels.take_in import NOTHING
from rsbench.compressors.kernels.tensor_loops import rows_pass, tiles_pass
from rsbench.compressors.selection.scores import TINY

NOT_FINITE, UNTOUCHED, ACCUMULATED, DONE = range(-1, 3)
"""What became of a tensor: its gradient holds inf or nan; nothing; accumulated but not chosen from; in the message."""
_F = np.float32
_PASSES = 4
_LOWER_BY = 0.6


@jit
def _threshold_pass(row, mode, consume, m, g, u, v, l2, second, a, b, keep, index, score, one, two, work, state):
    """Run the pass over blocks that the tensor's layout asks for."""
    if row[col.KIND] == col.TILES:
        return tiles_pass(
            mode, consume, m, g, u, v, row[col.COLS], row[col.P], l2, second, a, b, keep, index, score, one, two, work,
            state,
        )  # fmt: skip
    return rows_pass(
        mode, consume, m, g, u, v, row[col.BLOCK], l2, second, a, b, keep, index, score, one, two, work, state
    )


@jit
def _true_weights(kind, alpha, state):
    """Return the factors of the score, as :meth:`rsbench.compressors.selection.scores.Score.weights`."""
    if kind[col.NORM] == 0:
        return alpha, 1 - alpha
    return alpha / (state[SQUARES] ** 0.5 + TINY), (1 - alpha) / (state[OTHERS] ** 0.5 + TINY)


@jit
def _rescore(second, a, b, score, one, two):
    """Score candidates anew, by other factors."""
    if second == NO_SECOND:
        for i in range(score.size):
            score[i] = _F(a) * one[i]
    else:
        for i in range(score.size):
            score[i] = _F(a) * one[i] + _F(b) * two[i]


@strict_jit
def _is_usable(hint, kind, alpha):
    """Return whether a hint's weights can score: sums that overflow leave zeros, and states are read from files."""
    a, b = _F(hint[0]), _F(hint[1])
    first, second = alpha > 0, alpha < 1 and kind[col.SECOND] != NO_SECOND
    return (a > 0 if first else a == 0) and a < np.inf and (not second or 0 < b < np.inf) and 0 < hint[2] < np.inf


@jit
def _choose_blocks(row, hint, kind, alpha, mode, m, g, u, v, lists):
    """Accumulate the gradient; move the indices of the k best blocks to the front of ``index``.

    One pass as a rule. A second one, over the residual alone, where fewer than k blocks were above the threshold, or
    where NSI's norms, known only after a pass, leave it open whether a block that was left out belongs to the best.

    Returns:
        DONE, ACCUMULATED where no k blocks could be told (nan), or NOT_FINITE.
    """
    index, score, one, two, work = lists
    k, most, second = row[col.COUNT], row[col.CAPACITY], kind[col.SECOND]
    known = _is_usable(hint, kind, alpha)
    a, b = (hint[0], hint[1]) if known else (alpha, 1 - alpha)
    threshold = hint[2] * hint[3] if known else -1.0
    state = np.zeros(STATE)
    for turn in range(_PASSES):
        state[:] = 0.0
        state[THRESHOLD] = threshold
        fits = _threshold_pass(
            row, mode, turn == 0, m, g, u, v, kind[col.L2] == 1, second, _F(a), _F(b),
            (k + most) // 2, index[:most], score[:most], one[:most], two[:most], work[:most], state,
        )  # fmt: skip
        if not fits:
            return NOT_FINITE
        mode = NOTHING
        kept = int(state[KEPT])
        if kept < k:
            threshold = threshold * _LOWER_BY if turn == 0 else -1.0
            continue
        level = state[THRESHOLD]
        true_a, true_b = _true_weights(kind, alpha, state)
        _rescore(second, true_a, true_b, score[:kept], one[:kept], two[:kept])
        lowest, count = keep_highest(k, index[:kept], score[:kept], one[:0], two[:0], work[:kept])
        slack = true_a / a if true_a > 0 else 0.0
        if second != NO_SECOND and true_b > 0:
            slack = max(slack, true_b / b)
        if level < 0 or lowest >= level * slack:
            # in the units of the scores that were compared with the level
            unit = a / true_a if true_a > 0 else b / true_b
            hint[3] = next_aim(hint[2] if known else 0.0, lowest * unit, level, kept, k, k / row[col.BLOCKS])
            hint[0], hint[1], hint[2] = true_a, true_b, lowest
            return DONE if count == k else ACCUMULATED
        a, b, threshold = true_a, true_b, lowest * (1 - 1e-6)
    return ACCUMULATED


@strict_jit
def _sent(row):
    """Return the values of a tensor in a message, padding included."""
    return row[col.NUMEL] if row[col.KIND] == col.WHOLE else row[col.COUNT] * row[col.BLOCK]


@strict_jit
def _round(row, index, staged, v, out):
    """Write staged values where the tensor's are rounded, and give back to v what rounding leaves out of them."""
    if row[col.SCALE] < 0:
        return
    round_values(staged, out[0][row[col.VALUES] : row[col.VALUES] + staged.size], out[3][row[col.SCALE] // 4 :])
    if row[col.KIND] == col.WHOLE:
        for i in range(v.size):
            v[i] += staged[i]
    else:
        add_blocks(row, index, staged, v)


@jit
def compress(table, hints, kind, alpha, mode, m, g, u, v, out, became, drawn, room, lists, staged):
    """Compress all tensors of a bucket; return 0, or 1 + the index of the first that is not finite.

    Args:
        table: int64 [T, 16], one row a tensor.
        hints: float64 [N, 4], :class:`~rsbench.compressors.selection.hints.Hint`; new ones are left behind.
        kind: int64 [3], which score (L2, SECOND, NORM).
        alpha: of the score.
        mode: what is done with a gradient: ADD, MOMENTUM or NESTEROV.
        m: momentum.
        g: gradients of the bucket, flat float32; zeros are left behind.
        u: velocities of all tensors, flat.
        v: residuals of all tensors, flat.
        out: the message as uint8, uint16, int32 and float32.
        became: int64 [T], gets what became of each tensor.
        drawn: int32, indices of the elements of DRAWN tensors.
        room: to work in for elements: bins, the few of a bin, magnitudes of candidates.
        lists: of candidates: indices, scores, both statistics, and room to work in.
        staged: float32, values of a tensor before they are rounded.
    """
    values, (bins, few, patterns), index = out[3], room, lists[0]
    for t in range(table.shape[0]):
        row = table[t]
        k, low, high = row[col.COUNT], row[col.GRADIENT], row[col.GRADIENT] + row[col.NUMEL]
        first, last = row[col.MEMORY], row[col.MEMORY] + row[col.NUMEL]
        into = values[row[col.VALUES] // 4 :]
        if row[col.SCALE] >= 0:
            into = staged[: _sent(row)]
            into[:] = _F(0)
        if row[col.KIND] == col.PLAIN:
            if not move_gradient(g[low:high], into):
                return 1 + t
            became[t] = DONE
            continue
        g_, u_, v_ = g[low:high], u[first:last], v[first:last]
        if row[col.KIND] == col.WHOLE:
            if not take_in(mode, m, g_, u_, v_):
                return 1 + t
            send_whole(into, v_, u_, row[col.MASK])
            _round(row, index[:0], into, v_, out)
            became[t] = DONE
            continue
        if row[col.KIND] == col.DRAWN:
            if not take_in(mode, m, g_, u_, v_):
                return 1 + t
            given = drawn[row[col.HINT] : row[col.HINT] + k]
            write_indices(row, given, out[0], out[1], out[2])
            move_elements(given, into, v_, u_, row[col.MASK] != 0)
            _round(row, given, into, v_, out)
            became[t] = DONE
            continue
        if row[col.KIND] == col.ELEMENTS:
            if not send_elements(
                k, hints[row[col.HINT]], mode, m, g_, u_, v_, into, row[col.MASK] != 0, bins, few,
                index[: row[col.CAPACITY]], patterns[: row[col.CAPACITY]],
            ):  # fmt: skip
                return 1 + t
            write_indices(row, index[:k], out[0], out[1], out[2])
            _round(row, index[:k], into, v_, out)
            became[t] = DONE
            continue
        became[t] = _choose_blocks(row, hints[row[col.HINT]], kind, alpha, mode, m, g_, u_, v_, lists)
        if became[t] == NOT_FINITE:
            return 1 + t
        if became[t] == DONE:
            write_indices(row, index[:k], out[0], out[1], out[2])
            send_blocks(row, index[:k], into, v_, u_)
            _round(row, index[:k], into, v_, out)
    return 0


@strict_jit
def _scale(values, share):
    """Scale in a loop of its own, so that the product is rounded before it is added."""
    for i in range(values.size):
        values[i] *= share


@strict_jit
def decode(table, g, share, messages, index, staged):
    """Add all ranks' messages, each divided by W, to zeros; returns 0, or 1 + the rank whose indices are wrong."""
    bytes_, halves, words, values = messages
    for t in range(table.shape[0]):
        row = table[t]
        part = g[row[col.GRADIENT] : row[col.GRADIENT] + row[col.NUMEL]]
        for rank in range(values.shape[0]):
            sent = values[rank, row[col.VALUES] // 4 :]
            if row[col.SCALE] >= 0:
                sent = staged[: _sent(row)]
                codes = bytes_[rank, row[col.VALUES] : row[col.VALUES] + sent.size]
                read_values(codes, values[rank, row[col.SCALE] // 4], sent)
            if row[col.KIND] == col.PLAIN or row[col.KIND] == col.WHOLE:
                _scale(sent[: part.size], share)
                for i in range(part.size):
                    part[i] += sent[i]
            else:
                if not read_indices(row, index[: row[col.COUNT] + SPARE], bytes_[rank], halves[rank], words[rank]):
                    return 1 + rank
                _scale(sent[: row[col.COUNT] * row[col.BLOCK]], share)
                add_blocks(row, index[: row[col.COUNT]], sent, part)
    return 0
