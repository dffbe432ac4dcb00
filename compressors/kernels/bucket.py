"""A bucket's whole step in two compiled calls: gradients to message, and messages to averaged gradient.

They serve the common case of :class:`rsbench.compressors.hooks.sparse.SparseHook`: float32 or int8 values, contiguous
gradients, built-in index codings. Whatever does not fit is left to the hook's own loop, tensor by tensor, with the
same results to rounding. Needs numba; CPU only.

The choice is exact, as that of ``SampledSelector``, but needs no sample: candidates are what is above a share of the
last step's k-th score. Too few, and of elements too many, cost another look at the residual; a list of blocks that
fills up is pruned to its best while the pass goes on.
"""

from __future__ import annotations

import dataclasses
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rsbench.compressors.blocks.index_codings import Bitmap, Gaps, Int32
from rsbench.compressors.blocks.layout import dense, kernel_slices
from rsbench.compressors.kernels import bucket_loops
from rsbench.compressors.kernels import columns as col
from rsbench.compressors.kernels.bucket_loops import ACCUMULATED, DONE
from rsbench.compressors.kernels.checksum_loops import checksums
from rsbench.compressors.kernels.element_loops import FEW, room_for
from rsbench.compressors.kernels.sweep_loops import BINS, SPARE
from rsbench.compressors.kernels.tensor import SECOND, compiled_threshold_pass, rule
from rsbench.compressors.memory.error_feedback import ErrorFeedback
from rsbench.compressors.message.message import Message, Slot
from rsbench.compressors.selection.hints import Hints
from rsbench.compressors.selection.scores import MAGNITUDE, Score
from rsbench.compressors.selection.selectors import RandomSelector, SampledSelector

_ROOM = 1 << 12
_CODINGS = {type(None): col.INT32, Int32: col.INT32, Gaps: col.GAPS, Bitmap: col.BITMAP}
"""Class of an index coding -> its number in the loops; without a coding no indices are written."""
_VALUES = (torch.float32, torch.int8)
_F = np.float32


@dataclasses.dataclass(frozen=True)
class BucketPlan:
    """Which tensors of a bucket the compiled calls serve, and where everything stands.

    Attributes:
        positions: places in the bucket of the tensors that are served.
        names: their names.
        table: int64, shape [T, 16], see :mod:`rsbench.compressors.kernels.columns`.
        most: largest count of a tensor.
        staged: most values that one tensor rounds.
        room: what the loops work in.
    """

    positions: tuple[int, ...]
    names: tuple[str, ...]
    table: NDArray[np.int64]
    most: int
    staged: int
    room: _Room


class _Room:
    """Memory that the loops work in: all plans of one hook share it, and it lives as long as one of them does.

    As large as the largest tensor needs; a warm-up's lists go with the plans of its densities.
    """

    def __init__(self) -> None:
        self.bins, self.few = np.empty(BINS, np.int64), np.empty(FEW + 1, np.int32)
        self.index, self.patterns = np.empty(0, np.int32), np.empty(0, np.int32)
        self.scores = np.empty((4, 0), _F)

    def reserve(self, table: NDArray[np.int64]) -> None:
        """Make room for the tensors of a table."""
        elements = int(table[table[:, col.KIND] == col.ELEMENTS, col.CAPACITY].max(initial=0))
        blocks = int(table[table[:, col.KIND] > col.ELEMENTS, col.CAPACITY].max(initial=0))
        if elements > self.patterns.size:
            self.patterns = np.empty(elements, np.int32)
        if blocks > self.scores.shape[1]:
            self.scores = np.empty((4, blocks), _F)
        if max(elements, blocks) > self.index.size:
            self.index = np.empty(max(elements, blocks), np.int32)


class BucketKernels:
    """The compiled calls of one hook.

    Args:
        memory: of the compressed tensors.
        hints: of the selector, which are read and renewed.
        score: importance of blocks; elements are scored by magnitude.
        masking_density: as in :class:`~rsbench.compressors.hooks.counts.Parts`.
    """

    compiled, can_take_back = True, False
    _elements = col.ELEMENTS

    def __init__(self, memory: ErrorFeedback, hints: Hints, score: Score, masking_density: float) -> None:
        self._memory, self._hints, self._score, self._masking = memory, hints, score, masking_density
        flat = memory.flat
        self._v = flat["v"].numpy()
        self._u = flat["u"].numpy() if "u" in flat else self._v
        self._room: Callable[[], _Room | None] = lambda: None
        hints.reserve(memory.places)
        self._kind = np.array([score.first == "l2", SECOND[score.second], score.norm == "l2"], np.int64)

    def begin_step(self, *, remembers: bool) -> None:
        """Keep nothing of what is sent."""

    def take_back(self) -> None:
        """Put back nothing: buckets of which something may come back are not served."""

    def plan(
        self, message: Message, tensors: Sequence[tuple[str, torch.Tensor]], buffer: torch.Tensor
    ) -> BucketPlan | None:
        """Work out the table of a bucket, made once for each message plan; None where no tensor can be served.

        Args:
            message: its plan.
            tensors: (name, gradient view) in bucket order.
            buffer: the bucket's.
        """
        message.checksum_by = checksums
        served = [
            (i, name, slot, (gradient.data_ptr() - buffer.data_ptr()) // gradient.element_size())
            for i, ((name, gradient), slot) in enumerate(zip(tensors, message.slots, strict=True))
            if gradient.dtype == torch.float32
            and slot.dtype in _VALUES
            and gradient.is_contiguous()
            and type(slot.coding) in _CODINGS
        ]
        if not served:
            return None
        table = np.array([self._row(name, slot, place) for _, name, slot, place in served], np.int64)
        positions, names = zip(*((i, name) for i, name, *_ in served), strict=True)
        rounded = [slot.values.stop - slot.values.start for _, _, slot, _ in served if slot.dtype == torch.int8]
        most = int(table[:, col.COUNT].max())
        return BucketPlan(positions, names, table, most, max(rounded, default=0), self._room_for(table))

    def _room_for(self, table: NDArray[np.int64]) -> _Room:
        """Return the room of the plans in use, large enough for another."""
        room = self._room()
        if room is None:
            room = _Room()
            self._room = weakref.ref(room)
        room.reserve(table)
        return room

    def _row(self, name: str, slot: Slot, place: int) -> list[int]:
        layout, k = slot.layout, slot.count
        if not layout.compressed:
            kind = col.PLAIN
        elif slot.whole:
            kind = col.WHOLE
        else:
            kind = self._elements if layout.block == 1 else col.TILES if layout.tile else col.ROWS
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
            _capacity(kind, layout.blocks, k),
            "u" in self._memory.flat and layout.sent_elements(k) <= self._masking * layout.numel,
            _CODINGS[type(slot.coding)],
            slot.indices.start,
            slot.values.start,
            self._hints.places[name] if layout.compressed else 0,
            slot.scale.start if slot.dtype == torch.int8 else -1,
        ]

    def compress(self, plan: BucketPlan, gradients: torch.Tensor, message: torch.Tensor) -> tuple[int, dict[int, bool]]:
        """Accumulate gradients, choose, write; zeros are left behind in the gradients.

        Args:
            plan: of the bucket.
            gradients: the bucket's buffer, float32, flat.
            message: zeroed buffer of the message, uint8.

        Returns:
            0, or 1 + the position in the bucket of a tensor with inf or nan, at which it stopped; and for the tensors
            whose gradient it accumulated, position -> whether they are chosen and written too.
        """
        became = np.zeros(len(plan.names), np.int64)
        start, room = self._memory.begin(next(iter(self._memory.places)), gradients), plan.room
        bad = bucket_loops.compress(
            plan.table, self._hints.rows, self._kind, float(self._score.alpha), rule(start),
            _F(start.momentum), gradients.numpy(), self._u, self._v, _views(message.numpy()), became,
            self._drawn(plan), (room.bins, room.few, room.patterns), (room.index, *room.scores),
            np.empty(plan.staged, _F),
        )  # fmt: skip
        states = zip(plan.positions, became.tolist(), strict=True)
        accumulated = {i: state == DONE for i, state in states if state in (ACCUMULATED, DONE)}
        return (1 + plan.positions[bad - 1] if bad else 0), accumulated

    def decode(self, plan: BucketPlan, gradients: torch.Tensor, messages: torch.Tensor) -> int:
        """Add the messages [W, payload_bytes], each divided by W, to the zeros of the served tensors.

        Returns:
            0, or 1 + the rank whose message names a block that does not exist.
        """
        received, index = messages.numpy(), np.empty(plan.most + SPARE, np.int32)
        staged = np.empty(plan.staged, _F)
        share = _F(1.0 / len(received))
        bad: int = bucket_loops.decode(plan.table, gradients.numpy(), share, _views(received), index, staged)
        return bad

    def _drawn(self, plan: BucketPlan) -> NDArray[np.int32]:
        """Return the indices of all DRAWN tensors: there are none."""
        return np.empty(0, np.int32)


class DrawnKernels(BucketKernels):
    """The compiled calls of a hook whose selector draws elements at random.

    Args:
        memory: of the compressed tensors.
        selector: what draws.
    """

    _elements = col.DRAWN

    def __init__(self, memory: ErrorFeedback, selector: RandomSelector) -> None:
        super().__init__(memory, Hints(), MAGNITUDE, -1.0)
        self._selector = selector

    def plan(
        self, message: Message, tensors: Sequence[tuple[str, torch.Tensor]], buffer: torch.Tensor
    ) -> BucketPlan | None:
        """Work out the table, in which the indices of all tensors follow each other."""
        plan = super().plan(message, tensors, buffer)
        if plan is not None:
            drawn = plan.table[plan.table[:, col.KIND] == col.DRAWN]
            plan.table[plan.table[:, col.KIND] == col.DRAWN, col.HINT] = (
                drawn[:, col.COUNT].cumsum() - drawn[:, col.COUNT]
            )
        return plan

    def _drawn(self, plan: BucketPlan) -> NDArray[np.int32]:
        draws = [
            self._selector.draw(name, int(row[col.BLOCKS]), int(row[col.COUNT]), self._memory.flat["v"].device)
            for name, row in zip(plan.names, plan.table, strict=True)
            if row[col.KIND] == col.DRAWN
        ]
        drawn: NDArray[np.int32] = torch.cat([torch.empty(0, dtype=torch.int64), *draws]).int().numpy()
        return drawn


def _views(message: NDArray[np.uint8]) -> tuple[NDArray[Any], ...]:
    """Return the same bytes as uint8, uint16, int32 and float32."""
    return message, message.view(np.uint16), message.view(np.int32), message.view(_F)


def _capacity(kind: int, blocks: int, k: int) -> int:
    """Return the length of the list of candidates."""
    if kind < col.ELEMENTS:
        return 0
    return room_for(k, blocks) if kind == col.ELEMENTS else min(blocks, max(4 * k, k + _ROOM))


def try_out() -> None:
    """Compile both calls, or load them from numba's cache, on two tiny tensors.

    Raises:
        RuntimeError: their results are wrong.
    """
    memory, selector = ErrorFeedback({"w": torch.zeros(2, 2, 3, 3)}), SampledSelector(compiled_threshold_pass)
    calls = BucketKernels(memory, selector.hints, MAGNITUDE, -1.0)
    message = Message([kernel_slices((2, 2, 3, 3), 3), dense((3,))], [1, 1], [torch.float32] * 2)
    bucket = torch.arange(39.0)
    plan = calls.plan(message, [("w", bucket[:36].view(2, 2, 3, 3)), ("b", bucket[36:])], bucket)
    if plan is None:
        raise RuntimeError("compiled loops serve no tensor")
    buffer = message.allocate(torch.device("cpu"))
    given = bucket.clone()
    status, accumulated = calls.compress(plan, bucket, buffer)
    bad = calls.decode(plan, bucket, buffer.view(1, -1))
    if status or bad or not all(accumulated.values()) or not torch.equal(bucket[27:], given[27:]):
        raise RuntimeError("compiled loops give wrong results")
