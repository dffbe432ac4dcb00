"""A bucket's whole step in two compiled calls: gradients to message, and messages to averaged gradient.

The common case of :class:`rsbench.compressors.sparse.SparseHook` only: float32 values and contiguous gradients.
Whatever does not fit is left to the hook's own loop, tensor by tensor, with the same results to rounding. Needs numba;
CPU only.

The choice is exact, as that of :class:`rsbench.compressors.selection.SampledSelector`, but needs no sample: candidates
are the blocks above a share of the last step's k-th score, and a list that fills up is pruned to its best while the
pass goes on, so that a threshold may be as low as one likes.
"""

# mypy: allow-untyped-defs, disable-error-code="assignment"
from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rsbench.compressors import loops
from rsbench.compressors.coding import FILLER, Coding, coding_for
from rsbench.compressors.compiled import SECOND, rule
from rsbench.compressors.layout import Layout
from rsbench.compressors.loops import jit, strict_jit
from rsbench.compressors.memory import ErrorFeedback, NoMemory
from rsbench.compressors.message import Message, Slot
from rsbench.compressors.scores import MAGNITUDE, TINY, Score
from rsbench.compressors.selection import SampledSelector

NOT_FINITE, UNTOUCHED, TAKEN, DONE = range(-1, 3)
"""What became of a tensor: its gradient holds inf or nan; nothing; taken in, but nothing chosen; all in the message."""
_PLAIN, _WHOLE, _ELEMENTS, _ROWS, _TILES = range(5)
_INT32, _GAPS, _BITMAP = range(3)
_ROOM, _SMALL_BYTES = 1 << 13, 1 << 20
_CODINGS = {Coding.INT32: _INT32, Coding.GAPS: _GAPS, Coding.BITMAP: _BITMAP}
_F = np.float32

# columns of the table: one row a tensor
(
    _KIND,
    _G,
    _V,
    _NUMEL,
    _BLOCK,
    _COLS,
    _P,
    _BLOCKS,
    _COUNT,
    _CAPACITY,
    _MASK,
    _CODING,
    _NUMBERS,
    _VALUES,
) = range(14)
_L2, _SECOND, _NORM = range(3)  # entries of what describes the score
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
def _write_numbers(row, index, bytes_, halves, words):
    """The codings of :mod:`rsbench.compressors.coding`; the message holds zeros before."""
    at, end = row[_NUMBERS], row[_VALUES]
    if row[_CODING] == _INT32:
        for i in range(index.size):
            words[at // 4 + i] = index[i]
    elif row[_CODING] == _BITMAP:
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
def _read_numbers(row, index, bytes_, halves, words):
    """Fill ``index``; false where the numbers are not those of an encoder, in range and rising."""
    at, end, blocks, found, last = row[_NUMBERS], row[_VALUES], row[_BLOCKS], 0, -1
    if row[_CODING] == _BITMAP:
        for j in range(blocks):
            if bytes_[at + j // 8] >> (j % 8) & 1:
                if found < index.size:
                    index[found] = j
                found += 1
        return found == index.size
    if row[_CODING] == _INT32:
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
    block, p, cols, mask = row[_BLOCK], row[_P], row[_COLS], row[_MASK]
    for i in range(index.size):
        if row[_KIND] != _TILES:
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
    block, p, cols = row[_BLOCK], row[_P], row[_COLS]
    for i in range(index.size):
        if row[_KIND] != _TILES:
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
def _sweep(row, mode, consume, m, g, bits, u, v, l2, second, a, b, keep, index, score, one, two, work, state):
    """The pass that the tensor's layout asks for."""
    if row[_KIND] == _ELEMENTS:
        return loops.sweep_elements(mode, consume, m, g, bits, u, v, keep, index, score, work, state)
    if row[_KIND] == _TILES:
        return loops.sweep_tiles(
            mode, consume, m, g, bits, u, v, row[_COLS], row[_P], l2, second, a, b, keep, index, score, one, two, work,
            state,
        )  # fmt: skip
    return loops.sweep_rows(
        mode, consume, m, g, bits, u, v, row[_BLOCK], l2, second, a, b, keep, index, score, one, two, work, state
    )


@jit
def _true_weights(kind, alpha, magnitude, state):
    """Factors a and b of the score, see :meth:`rsbench.compressors.scores.Score.weights`."""
    if magnitude:
        return 1.0, 0.0
    if kind[_NORM] == 0:
        return alpha, 1 - alpha
    return alpha / (state[loops.SQUARES] ** 0.5 + TINY), (1 - alpha) / (state[loops.OTHERS] ** 0.5 + TINY)


@jit
def _rescore(second, a, b, score, one, two):
    if second == loops.NO_SECOND:
        for i in range(score.size):
            score[i] = _F(a) * one[i]
    else:
        for i in range(score.size):
            score[i] = _F(a) * one[i] + _F(b) * two[i]


@jit
def _choose(row, hint, kind, alpha, mode, m, g, bits, u, v, lists):
    """Take the gradient in; move the numbers of the k best blocks to the front of ``index``.

    One pass as a rule. A second one, over the residual alone, where fewer than k blocks were above the threshold, or
    where NSI's norms, known only after a pass, leave it open whether a block that was left out belongs to the best.

    Returns:
        :data:`DONE`, :data:`TAKEN` where no k blocks could be told (nan), or NOT_FINITE.
    """
    index, score, one, two, work = lists
    k, magnitude, most = row[_COUNT], row[_KIND] == _ELEMENTS, row[_CAPACITY]
    second = loops.NO_SECOND if magnitude else kind[_SECOND]
    known = hint[0] >= 0
    a, b = (hint[0], hint[1]) if known else (alpha, 1 - alpha)
    threshold = hint[2] * hint[3] if known else -1.0
    state = np.zeros(loops.STATE)
    aim = hint[3]
    for turn in range(_PASSES):
        state[:] = 0.0
        state[loops.THRESHOLD] = threshold
        fits = _sweep(
            row, mode, turn == 0, m, g, bits, u, v, kind[_L2] == 1, second, _F(a), _F(b),
            (k + most) // 2, index[:most], score[:most], one[:most], two[:most], work[:most], state,
        )  # fmt: skip
        if not fits:
            return NOT_FINITE
        mode = loops.NOTHING
        kept = int(state[loops.KEPT])
        if turn == 0:
            aim = _next_aim(aim, state[loops.FOUND], k)
        if kept < k:
            threshold = threshold * _LOWER_BY if turn == 0 else -1.0
            continue
        level = state[loops.THRESHOLD]
        true_a, true_b = _true_weights(kind, alpha, magnitude, state)
        if not magnitude:
            _rescore(second, true_a, true_b, score[:kept], one[:kept], two[:kept])
        lowest, count = loops.keep_highest(k, index[:kept], score[:kept], one[:0], two[:0], work[:kept])
        slack = true_a / a if true_a > 0 else 0.0
        if second != loops.NO_SECOND and true_b > 0:
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
def _compress(table, hints, kind, alpha, mode, m, g, bits, u, v, out, became, lists):
    """All tensors of a bucket; returns 0, or 1 + the number of the first that is not finite.

    Args:
        table: of :class:`BucketPlan`.
        hints: float64 [T, 4], see :meth:`rsbench.compressors.selection.SampledSelector.hint`; new ones are left behind.
        kind: int64 [3], which score.
        alpha: of the score.
        mode: what is done with a gradient, see :mod:`rsbench.compressors.loops`.
        m: momentum.
        g: gradients of the bucket, flat float32; zeros are left behind.
        bits: the same memory as int32.
        u: velocities of all tensors, flat.
        v: residuals of all tensors, flat.
        out: the message as uint8, uint16, int32 and float32.
        became: int64 [T], gets what became of each tensor.
        lists: of candidates: numbers, scores, both statistics, and room to work in.
    """
    values = out[3]
    for t in range(table.shape[0]):
        row = table[t]
        low, high = row[_G], row[_G] + row[_NUMEL]
        first, last = row[_V], row[_V] + row[_NUMEL]
        into = values[row[_VALUES] // 4 :]
        if row[_KIND] == _PLAIN:
            for i in range(low, high):
                into[i - low] = g[i]
            if not loops.take_in(loops.NOTHING, True, m, g[low:high], bits[low:high], into, into):
                return 1 + t
        elif row[_KIND] == _WHOLE:
            if not loops.take_in(mode, True, m, g[low:high], bits[low:high], u[first:last], v[first:last]):
                return 1 + t
            _send_whole(into, v[first:last], u[first:last], row[_MASK])
        else:
            became[t] = _choose(
                row, hints[t], kind, alpha, mode, m, g[low:high], bits[low:high], u[first:last], v[first:last],
                lists,
            )  # fmt: skip
            if became[t] == NOT_FINITE:
                return 1 + t
            if became[t] == TAKEN:
                continue
            chosen = lists[0][: row[_COUNT]]
            _write_numbers(row, chosen, out[0], out[1], out[2])
            _send_blocks(row, chosen, into, v[first:last], u[first:last])
        became[t] = DONE
    return 0


@strict_jit
def _scale(values, share):
    """In a loop of its own, so that the product is rounded before it is added."""
    for i in range(values.size):
        values[i] *= share


@strict_jit
def _decode(table, g, share, messages, index):
    """Add all ranks' messages, each divided by W, to zeros; returns 0, or 1 + the rank whose numbers are wrong."""
    bytes_, halves, words, values = messages
    for t in range(table.shape[0]):
        row = table[t]
        part = g[row[_G] : row[_G] + row[_NUMEL]]
        for rank in range(values.shape[0]):
            found = values[rank, row[_VALUES] // 4 :]
            if row[_KIND] == _PLAIN or row[_KIND] == _WHOLE:
                _scale(found[: part.size], share)
                for i in range(part.size):
                    part[i] += found[i]
            else:
                if not _read_numbers(row, index[: row[_COUNT]], bytes_[rank], halves[rank], words[rank]):
                    return 1 + rank
                _scale(found[: row[_COUNT] * row[_BLOCK]], share)
                _add_blocks(row, index[: row[_COUNT]], found, part)
    return 0


@dataclasses.dataclass(frozen=True)
class BucketPlan:
    """Which tensors of a bucket the compiled calls serve, and where everything stands.

    Attributes:
        positions: of those tensors in the bucket.
        names: theirs.
        table: int64, shape [T, 14].
        room: length of the lists of candidates.
        pairs: the same where both statistics are kept.
    """

    positions: tuple[int, ...]
    names: tuple[str, ...]
    table: NDArray[np.int64]
    room: int
    pairs: int


class Fused:
    """The compiled calls of one hook.

    Args:
        memory: of the compressed tensors.
        selector: whose hints are read and left behind.
        score: importance of blocks; elements are scored by magnitude.
        masking_density: as in :class:`~rsbench.compressors.sparse.Parts`.
    """

    def __init__(self, memory: ErrorFeedback, selector: SampledSelector, score: Score, masking_density: float) -> None:
        self._memory, self._selector, self._score, self._masking = memory, selector, score, masking_density
        flat = memory.flat
        self._v = flat["v"].numpy()
        self._u = flat["u"].numpy() if "u" in flat else self._v
        self._kind = np.array([score.first == "l2", SECOND[score.second], score.norm == "l2"], np.int64)

    def plan(
        self, message: Message, tensors: Sequence[tuple[str, torch.Tensor]], buffer: torch.Tensor
    ) -> BucketPlan | None:
        """Work out the table of a bucket, made once for each message plan; None where no tensor can be served.

        Args:
            message: its plan.
            tensors: (name, gradient view) in bucket order.
            buffer: the bucket's.
        """
        served = [
            (i, name, slot, (gradient.data_ptr() - buffer.data_ptr()) // gradient.element_size())
            for i, ((name, gradient), slot) in enumerate(zip(tensors, message.slots, strict=True))
            if gradient.dtype == slot.dtype == torch.float32 and gradient.is_contiguous() and _in_reach(slot)
        ]
        if not served:
            return None
        rows = [self._row(name, slot, place) for _, name, slot, place in served]
        table = np.array(rows, np.int64).reshape(len(rows), _VALUES + 1)
        return BucketPlan(
            tuple(i for i, *_ in served),
            tuple(name for _, name, *_ in served),
            table,
            int(table[:, _CAPACITY].max(initial=1)),
            int(table[table[:, _KIND] > _ELEMENTS, _CAPACITY].max(initial=0)),
        )

    def _row(self, name: str, slot: Slot, place: int) -> list[int]:
        layout, k = slot.layout, slot.count
        if not layout.compressed:
            kind = _PLAIN
        elif slot.whole:
            kind = _WHOLE
        else:
            kind = _TILES if layout.tile else _ELEMENTS if layout.block == 1 else _ROWS
        sent = layout.numel if slot.whole else min(k * layout.block, layout.numel)
        return [
            kind,
            place,
            self._memory.places[name] if layout.compressed else 0,
            layout.numel,
            layout.block,
            layout.cols,
            layout.tile,
            layout.blocks,
            k,
            _capacity(layout, k),
            "u" in self._memory.flat and sent <= self._masking * layout.numel,
            _CODINGS[coding_for(layout.blocks, k)],
            slot.numbers.start,
            slot.values.start,
        ]

    def compress(self, plan: BucketPlan, gradients: torch.Tensor, message: torch.Tensor) -> tuple[int, dict[int, int]]:
        """Take gradients in, choose, write; zeros are left behind in the gradients.

        Args:
            plan: of the bucket.
            gradients: the bucket's buffer, float32, flat.
            message: zeroed buffer of the message, uint8.

        Returns:
            0, or 1 + the position in the bucket of a tensor with inf or nan, at which it stopped; and position ->
            :data:`TAKEN` or :data:`DONE` for the tensors that it served.
        """
        g, out = gradients.numpy(), message.numpy()
        hints = np.array([self._selector.hint(name) for name in plan.names], np.float64).reshape(-1, 4)
        became = np.zeros(len(plan.names), np.int64)
        start = self._memory.begin(next(iter(self._memory.places)), gradients)
        pairs, most = np.empty((2, plan.pairs), _F), np.empty((2, plan.room), _F)
        lists = np.empty(plan.room, np.int64), most[0], pairs[0], pairs[1], most[1]
        bad = _compress(
            plan.table, hints, self._kind, float(self._score.alpha), rule(start), _F(start.momentum), g,
            g.view(np.int32), self._u, self._v, _views(out), became, lists,
        )  # fmt: skip
        for name, row, hint in zip(plan.names, plan.table, hints, strict=True):
            if row[_KIND] >= _ELEMENTS:
                self._selector.leave(name, hint.tolist())
        known = dict(zip(plan.positions, became.tolist(), strict=True))
        return (1 + plan.positions[bad - 1] if bad else 0), {i: state for i, state in known.items() if state > 0}

    def decode(self, plan: BucketPlan, gradients: torch.Tensor, messages: torch.Tensor) -> int:
        """Add the messages [W, payload_bytes], each divided by W, to the zeros of the served tensors.

        Returns:
            0, or 1 + the rank whose message names a block that does not exist.
        """
        found = messages.numpy()
        share = _F(1.0 / len(found))
        bad: int = _decode(plan.table, gradients.numpy(), share, _views(found), np.empty(plan.room, np.int64))
        return bad


def _views(message: NDArray[np.uint8]) -> tuple[NDArray[Any], ...]:
    """The same bytes as uint8, uint16, int32 and float32."""
    return message, message.view(np.uint16), message.view(np.int32), message.view(_F)


def _capacity(layout: Layout, k: int) -> int:
    """Length of the list of candidates."""
    return min(layout.blocks, max(3 * k, k + _ROOM))


def _in_reach(slot: Slot) -> bool:
    """Whether the lists stay small; not at the high densities of a warm-up."""
    entry_bytes = 12 if slot.layout.block == 1 else 20
    list_bytes = entry_bytes * _capacity(slot.layout, slot.count)
    return slot.whole or list_bytes <= max(_SMALL_BYTES, slot.layout.dense_bytes // 10)


def fused(memory: NoMemory, selector: object, score: Score, masking_density: float) -> Fused | None:
    """The compiled calls for these parts, or None where they do not serve them."""
    if not isinstance(memory, ErrorFeedback) or not isinstance(selector, SampledSelector) or not memory.places:
        return None
    return Fused(memory, selector, score, masking_density)


def try_out() -> None:
    """Compile both calls, or load them from numba's cache, on two tiny tensors."""
    from rsbench.compressors.layout import dense, kernels

    shapes: Mapping[str, Any] = {"w": torch.zeros(2, 2, 3, 3), "b": torch.zeros(3)}
    layouts = [kernels((2, 2, 3, 3), 3), dense((3,))]
    from rsbench.compressors.compiled import sweep_compiled

    calls = Fused(ErrorFeedback({"w": shapes["w"]}), SampledSelector(sweep_compiled), MAGNITUDE, -1.0)
    message = Message(layouts, [1, 1], [torch.float32] * 2)
    bucket = torch.arange(39.0)
    tensors = [("w", bucket[:36].view(2, 2, 3, 3)), ("b", bucket[36:])]
    plan = calls.plan(message, tensors, bucket)
    if plan is None:
        raise RuntimeError("compiled loops serve no tensor")
    buffer = message.allocate(torch.device("cpu"))
    given = bucket.clone()
    status, became = calls.compress(plan, bucket, buffer)
    bad = calls.decode(plan, bucket, buffer.view(1, -1))
    if status or bad or set(became.values()) != {DONE} or not torch.equal(bucket[27:], given[27:]):
        raise RuntimeError("compiled loops give wrong results")
