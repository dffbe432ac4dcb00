"""A bucket's whole step on a device: gradients to message, and messages to averaged gradient, for all tensors at once.

It serves the common case of :class:`rsbench.compressors.hooks.sparse.SparseHook`, as
:class:`rsbench.compressors.kernels.bucket.BucketKernels` does on CPUs: float32 values, contiguous gradients, built-in
index codings. What is left of a bucket goes to the hook's own loop, tensor by tensor. The choice is exact, of equal
scores the lowest positions, and keeps no hint, so that a resumed run chooses alike. Nothing is read on the host.

Not run on a GPU by us so far: tested with tensors of the CPU and, for what is read on the host, of the meta device.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch

from rsbench.compressors.device.passes import Held, Passes
from rsbench.compressors.device.plan import DevicePlan, make_plan
from rsbench.compressors.memory.error_feedback import ErrorFeedback
from rsbench.compressors.message.message import Message
from rsbench.compressors.selection.scores import Score


@dataclasses.dataclass(frozen=True)
class _Cleared:
    """What a bucket took out of the memory when it was sent: kind -> places and values, and whole tensors' values."""

    at: Held
    parts: list[tuple[torch.Tensor, torch.Tensor]]


class DeviceKernels:
    """The kernels of one hook.

    Args:
        memory: of the compressed tensors.
        score: importance of blocks; elements are scored by magnitude.
        masking_density: as in :class:`~rsbench.compressors.hooks.counts.Parts`.
        passes: what goes over all elements of a bucket.

    Attributes:
        compiled: whether the passes are compiled, not operations of torch.
        can_take_back: whether what was sent in a step can be put back.
        remembers: whether what is sent may have to come back (:meth:`take_back`).
    """

    can_take_back = True

    def __init__(self, memory: ErrorFeedback, score: Score, masking_density: float, passes: Passes) -> None:
        self._memory, self._score, self._passes = memory, score, passes
        self._masking_density = masking_density if "u" in memory.flat else None
        self.compiled, self.remembers = passes.compiled, False
        self._cleared: list[_Cleared] = []

    def plan(
        self, message: Message, tensors: Sequence[tuple[str, torch.Tensor]], buffer: torch.Tensor
    ) -> DevicePlan | None:
        """Work out the tables of a bucket, made once for each message plan; None where no tensor can be served.

        Args:
            message: its plan.
            tensors: (name, gradient view) in bucket order.
            buffer: the bucket's.
        """
        message.checksum_by = self._passes.checksum_by or message.checksum_by
        return make_plan(message, tensors, buffer, self._memory.places, self._masking_density)

    def compress(
        self, plan: DevicePlan, gradients: torch.Tensor, message: torch.Tensor
    ) -> tuple[torch.Tensor, dict[int, bool]]:
        """Accumulate gradients, choose, write; zeros are left behind in the gradients that are served.

        Where a gradient of the bucket is not finite, all of it becomes 0 and the memory takes nothing in; what is sent
        then is not to be applied.

        Args:
            plan: of the bucket.
            gradients: the bucket's buffer, float32, flat.
            message: zeroed buffer of the message, uint8.

        Returns:
            0, or 1 + the position in the bucket of the first tensor with inf or nan, int32 on the device; and for each
            tensor that is served, position -> True.
        """
        start = self._memory.begin(next(iter(self._memory.places)), gradients)
        status = self._passes.take_in(plan, start, self._memory.flat, gradients, message)
        cleared = self._send_whole(plan, message)
        if plan.selection is not None:
            flat = self._memory.flat
            index = self._passes.choose(plan, flat["v"], self._score)
            cleared.at.update(self._passes.send(plan, index, flat, message, remembers=self.remembers))
        if self.remembers:
            self._cleared.append(cleared)
        return status, dict.fromkeys(plan.positions, True)

    def _send_whole(self, plan: DevicePlan, message: torch.Tensor) -> _Cleared:
        """Write and clear the residuals that are sent whole."""
        flat, words, cleared = self._memory.flat, message.view(torch.float32), _Cleared({}, [])
        sent = [served.part(flat["v"], served.memory) for served in plan.whole]
        masked = [served.part(flat["u"], served.memory) for served in plan.whole if served.masks]
        if sent:
            into = [served.part(words, served.word) for served in plan.whole]
            torch._foreach_copy_(into, sent)
            if self.remembers:
                cleared.parts.extend(zip(sent, into, strict=True))
                cleared.parts.extend((u, u.clone()) for u in masked)
            torch._foreach_zero_(sent + masked)
        return cleared

    # --- what comes back ---------------------------------------------------------------------------------------

    def take_back(self) -> None:
        """Put back what was sent in this step, since it was not applied."""
        for cleared in self._cleared:
            for kind, (places, values) in cleared.at.items():
                self._memory.flat[kind].index_add_(0, places, values)
            for held, values in cleared.parts:
                held.add_(values)
        self._cleared.clear()

    def begin_step(self, *, remembers: bool) -> None:
        """Drop what was kept for :meth:`take_back`, which has been applied; keep what is sent from now on or not."""
        self._cleared.clear()
        self.remembers = remembers

    # --- decoding ----------------------------------------------------------------------------------------------

    def decode(self, plan: DevicePlan, gradients: torch.Tensor, messages: torch.Tensor) -> torch.Tensor:
        """Add the messages [W, payload_bytes], each divided by W, to the zeros of the served tensors.

        In rank order, so that every rank adds in the same order. A message with an index that cannot be is left out.

        Returns:
            Whether a message was left out, bool or int32 [W], on the device.
        """
        index, strays = self._passes.indices(plan, messages)
        self._passes.add(plan, gradients, messages, index, strays)
        return strays
