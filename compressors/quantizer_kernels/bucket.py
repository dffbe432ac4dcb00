"""A bucket's whole step in two compiled calls, for compressors that send all values in a code of fixed length.

They serve float32 gradients without gaps, with the same messages as the quantizers' torch operations (a mean magnitude
to rounding); whatever does not fit is left to the hook's own loop, tensor by tensor. Needs numba; CPU only.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rsbench.compressors.blocks.layout import coded, dense
from rsbench.compressors.kernels.checksum_loops import checksums
from rsbench.compressors.memory.error_feedback import ErrorFeedback
from rsbench.compressors.message.message import Message
from rsbench.compressors.message.quantizers import ScaledSign, StochasticLevels
from rsbench.compressors.quantizer_kernels import level_loops, sign_loops

_F = np.float32
_Words = tuple[NDArray[np.uint8], NDArray[np.float32]]


@dataclasses.dataclass(frozen=True)
class QuantizedPlan:
    """Which tensors of a bucket the compiled calls serve, and where everything stands.

    Attributes:
        positions: places in the bucket of the tensors that are served.
        names: their names.
        table: int64, shape [T, 5], see :mod:`rsbench.compressors.quantizer_kernels.plain_loops`.
    """

    positions: tuple[int, ...]
    names: tuple[str, ...]
    table: NDArray[np.int64]


class QuantizedKernels:
    """The compiled calls of one hook, used as :class:`rsbench.compressors.kernels.bucket.BucketKernels` are.

    Args:
        places: tensor name -> index of its first element in the memory; empty without one.
    """

    compiled, can_take_back = True, False

    def __init__(self, places: dict[str, int]) -> None:
        self._places = places

    def begin_step(self, *, remembers: bool) -> None:
        """Keep nothing of what is sent."""

    def take_back(self) -> None:
        """Put back nothing: buckets of which something may come back are not served."""

    def plan(
        self, message: Message, tensors: Sequence[tuple[str, torch.Tensor]], buffer: torch.Tensor
    ) -> QuantizedPlan | None:
        """Work out the table of a bucket, made once for each message plan; None where no tensor can be served.

        Args:
            message: its plan.
            tensors: (name, gradient view) in bucket order.
            buffer: the bucket's.
        """
        message.checksum_by = checksums
        served, rows = [], []
        for position, ((name, gradient), slot) in enumerate(zip(tensors, message.slots, strict=True)):
            code = bool(slot.layout.coded_bytes)
            if gradient.dtype == torch.float32 and gradient.is_contiguous() and (code or slot.dtype == torch.float32):
                place = (gradient.data_ptr() - buffer.data_ptr()) // gradient.element_size()
                memory = self._places.get(name, 0)
                rows.append([code, place, memory, slot.layout.numel, slot.values.start])
                served.append((position, name))
        if not served:
            return None
        positions, names = zip(*served, strict=True)
        return QuantizedPlan(positions, names, np.array(rows, np.int64))

    def compress(
        self, plan: QuantizedPlan, gradients: torch.Tensor, message: torch.Tensor
    ) -> tuple[int, dict[int, bool]]:
        """Write the served tensors' values; the gradients stay as they are, :meth:`decode` overwrites them.

        Args:
            plan: of the bucket.
            gradients: the bucket's buffer, float32, flat.
            message: zeroed buffer of the message, uint8.

        Returns:
            0, or 1 + the position in the bucket of a tensor with inf or nan, at which it stopped, where a memory must
            be kept clean; and for each served tensor, position -> True.
        """
        bad = self._encode(plan, gradients.numpy(), _views(message))
        return (1 + plan.positions[bad - 1] if bad else 0), dict.fromkeys(plan.positions, True)

    def decode(self, plan: QuantizedPlan, gradients: torch.Tensor, messages: torch.Tensor) -> int:
        """Set the served tensors to the sum of the messages [W, payload_bytes], each divided by W; return 0."""
        self._decode(plan, gradients.numpy(), _F(1.0 / len(messages)), _views(messages))
        return 0

    def _encode(self, plan: QuantizedPlan, g: NDArray[np.float32], out: _Words) -> int:
        raise NotImplementedError

    def _decode(self, plan: QuantizedPlan, g: NDArray[np.float32], share: np.float32, messages: _Words) -> None:
        raise NotImplementedError


class SignKernels(QuantizedKernels):
    """Compiled calls of :class:`~rsbench.compressors.message.quantizers.ScaledSign` with error feedback.

    Args:
        memory: of the compressed tensors.
    """

    def __init__(self, memory: ErrorFeedback) -> None:
        super().__init__(memory.places)
        self._v = memory.flat["v"].numpy()

    def _encode(self, plan: QuantizedPlan, g: NDArray[np.float32], out: _Words) -> int:
        bad: int = sign_loops.encode_signs(plan.table, g, g.view(np.int32), self._v, out)
        return bad

    def _decode(self, plan: QuantizedPlan, g: NDArray[np.float32], share: np.float32, messages: _Words) -> None:
        sign_loops.decode_signs(plan.table, g, share, messages)


class LevelKernels(QuantizedKernels):
    """Compiled calls of :class:`~rsbench.compressors.message.quantizers.StochasticLevels`.

    Args:
        quantizer: whose levels and draws.
        step: returns the 1-based step that is compressed.
    """

    def __init__(self, quantizer: StochasticLevels, step: Callable[[], int]) -> None:
        super().__init__({})
        self._quantizer, self._step = quantizer, step
        q = quantizer
        self._kind = np.array([q.levels, q.width, q.group, q.norm == "l2"], np.int64)

    def _encode(self, plan: QuantizedPlan, g: NDArray[np.float32], out: _Words) -> int:
        step = self._step()
        keys = np.array([self._quantizer.keys(name, step) for name in plan.names], np.uint32)
        level_loops.encode_levels(plan.table, g, g.view(np.int32), self._kind, keys, out)
        return 0

    def _decode(self, plan: QuantizedPlan, g: NDArray[np.float32], share: np.float32, messages: _Words) -> None:
        level_loops.decode_levels(plan.table, g, self._kind, share, messages)


def _views(message: torch.Tensor) -> _Words:
    """Return the same bytes as uint8 and float32."""
    data: NDArray[Any] = message.numpy()
    return data, data.view(_F)


def try_out() -> None:
    """Compile all calls, or load them from numba's cache, on two tiny tensors.

    Raises:
        RuntimeError: their results are wrong.
    """
    memory = ErrorFeedback({"w": torch.zeros(5, 8)})
    levels = StochasticLevels(levels=1, width=2, group=0, norm="max", seed="")
    calls: dict[int, QuantizedKernels] = {9: SignKernels(memory), 14: LevelKernels(levels, lambda: 1)}
    for size, kernels in calls.items():
        message = Message(
            [coded((5, 8), size), dense((3,))],
            [1, 1],
            [torch.uint8, torch.float32],
            ScaledSign() if size == 9 else levels,
        )
        bucket = torch.ones(43)
        tensors = [("w", bucket[:40].view(5, 8)), ("b", bucket[40:])]
        plan = kernels.plan(message, tensors, bucket)
        buffer = message.allocate(torch.device("cpu"))
        if (
            plan is None
            or kernels.compress(plan, bucket, buffer)[0]
            or kernels.decode(plan, bucket, buffer.view(1, -1))
        ):
            raise RuntimeError("compiled loops serve no tensor")
        if not torch.equal(bucket, torch.ones(43)):
            raise RuntimeError("compiled loops give wrong results")
