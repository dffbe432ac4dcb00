"""What goes over all elements of a bucket, by torch operations: taking gradients in, and choosing blocks.

Works on every device, tensors one after the other only where blocks of more than one element are scored. Triton's
kernels do the same in fewer launches (:mod:`rsbench.compressors.device.triton_passes`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import torch

from rsbench.compressors.blocks.tensor_ops import blocks_of
from rsbench.compressors.device import radix
from rsbench.compressors.device.plan import DevicePlan, Selection
from rsbench.compressors.memory.error_feedback import Residual, Tensors
from rsbench.compressors.selection.scores import Score

Checksums = Callable[[torch.Tensor], torch.Tensor]
"""Messages, uint8 [..., bytes] -> their checksums, int32 [...]."""
Held = dict[str, tuple[torch.Tensor, torch.Tensor]]
"""Kind of memory -> places in it, int64 [n], and what stood there."""


class Passes(Protocol):
    """The two passes over a bucket.

    Attributes:
        compiled: whether they are compiled kernels, not operations of torch.
    """

    compiled: bool

    @property
    def checksum_by(self) -> Checksums | None:
        """What works out the checksums of messages; None leaves them to the message."""

    def take_in(
        self, plan: DevicePlan, start: Residual, flat: Tensors, gradients: torch.Tensor, message: torch.Tensor
    ) -> torch.Tensor:
        """Check the gradients, take those with a memory into it, send the plain ones, and leave zeros behind.

        Args:
            plan: of the bucket.
            start: the rule by which gradients are accumulated; its tensors play no part.
            flat: kind of memory -> all tensors, flat.
            gradients: the bucket's buffer, float32, flat.
            message: buffer of the message, uint8.

        Returns:
            0, or 1 + the position of the first tensor with inf or nan, int32, 0-dimensional; then the whole bucket is
            taken as 0, and the memory stays as it is.
        """

    def choose(self, plan: DevicePlan, v: torch.Tensor, score: Score) -> torch.Tensor:
        """Return the indices of the chosen blocks in their tensors, int64 [K], rising in each tensor.

        Args:
            plan: of the bucket, with a selection.
            v: residuals of all tensors, flat.
            score: importance of blocks of more than one element; others are chosen by magnitude.
        """

    def send(
        self, plan: DevicePlan, index: torch.Tensor, flat: Tensors, message: torch.Tensor, *, remembers: bool
    ) -> Held:
        """Write the chosen blocks, indices and values, and clear them.

        Args:
            plan: of the bucket, with a selection.
            index: of the chosen blocks, int64 [K].
            flat: kind of memory -> all tensors, flat.
            message: zeroed buffer of the message, uint8.
            remembers: whether what is cleared is returned.
        """

    def indices(self, plan: DevicePlan, messages: torch.Tensor) -> tuple[torch.Tensor | None, torch.Tensor]:
        """Read the indices of all messages, uint8 [W, bytes].

        Returns:
            int64 [W, K], none of them out of range, None without a selection; and for each message whether it has
            indices that cannot be, bool [W].
        """

    def add(
        self,
        plan: DevicePlan,
        gradients: torch.Tensor,
        messages: torch.Tensor,
        index: torch.Tensor | None,
        strays: torch.Tensor,
    ) -> None:
        """Add all messages, each divided by W, in rank order.

        Args:
            plan: of the bucket.
            gradients: the bucket's buffer, zeros where tensors are served.
            messages: uint8 [W, bytes].
            index: of the chosen blocks, int64 [W, K], none out of range; None without a selection.
            strays: messages that are left out, bool [W].
        """


class TorchPasses:
    """The passes by torch operations, whose temporaries take some 30 bytes an element of the bucket."""

    compiled = False

    @property
    def checksum_by(self) -> Checksums | None:
        """None: messages have their own operations."""
        return None

    def take_in(
        self, plan: DevicePlan, start: Residual, flat: Tensors, gradients: torch.Tensor, message: torch.Tensor
    ) -> torch.Tensor:
        """Take in by operations over lists of tensors."""
        largest = torch._foreach_norm(torch.split(gradients, list(plan.sizes)), torch.inf)
        finite = torch.stack(largest).isfinite()
        sound = finite.all()
        status = torch.where(sound, 0, 1 + finite.to(torch.int32).argmin()).to(torch.int32)
        gradients.masked_fill_(~sound, 0.0)
        if plan.plain:
            words = message.view(torch.float32)
            sent = [served.part(gradients, served.gradient) for served in plan.plain]
            torch._foreach_copy_([served.part(words, served.word) for served in plan.plain], sent)
        if plan.kept:
            self._accumulate(plan, start, flat, gradients, sound)
        if len(plan.positions) == len(plan.sizes):
            gradients.zero_()
        else:
            torch._foreach_zero_([served.part(gradients, served.gradient) for served in plan.plain + plan.kept])
        return status

    @staticmethod
    def _accumulate(
        plan: DevicePlan, start: Residual, flat: Tensors, gradients: torch.Tensor, sound: torch.Tensor
    ) -> None:
        """Do what :meth:`Residual.accumulate` does, where ``sound``; the gradients are zero elsewhere."""
        g = [served.part(gradients, served.gradient) for served in plan.kept]
        v = [served.part(flat["v"], served.memory) for served in plan.kept]
        if start.u is None:
            torch._foreach_add_(v, g)
            return
        u = [served.part(flat["u"], served.memory) for served in plan.kept]
        factor = torch.where(sound, start.momentum, 1.0).to(torch.float32)
        if start.nesterov:
            torch._foreach_add_(u, g)
            torch._foreach_mul_(u, factor)
        else:
            torch._foreach_mul_(u, factor)
            torch._foreach_add_(u, g)
        torch._foreach_add_(v, torch._foreach_mul(u, sound.to(torch.float32)))
        if start.nesterov:
            torch._foreach_add_(v, g)

    def choose(self, plan: DevicePlan, v: torch.Tensor, score: Score) -> torch.Tensor:
        """Score all blocks, then choose by histograms of the scores' bits."""
        selection = _selection(plan)
        scores = torch.zeros(selection.table.rows * radix.ROW, device=v.device)
        elements, into = [], []
        for served, start in zip(selection.tensors, selection.table.starts, strict=True):
            part, layout = served.part(v, served.memory), served.slot.layout
            room = scores[start : start + layout.blocks]
            if layout.block == 1:
                elements.append(part)
                into.append(room)
            else:
                room.copy_(score(part, blocks_of(layout)))
        if elements:
            torch._foreach_copy_(into, elements)
        return radix.highest(radix.keys_of(scores), selection.table)

    def send(
        self, plan: DevicePlan, index: torch.Tensor, flat: Tensors, message: torch.Tensor, *, remembers: bool
    ) -> Held:
        """Encode coding by coding, then gather and scatter."""
        for coding in _selection(plan).codings:
            coding.encode(index.index_select(0, coding.pick), message)
        return self.send_values(plan, index, flat, message, remembers=remembers)

    @staticmethod
    def send_values(
        plan: DevicePlan, index: torch.Tensor, flat: Tensors, message: torch.Tensor, *, remembers: bool
    ) -> Held:
        """Do :meth:`send` without the indices."""
        selection, held = _selection(plan), {}
        at, there = selection.places.elements(index, selection.memory)
        values = flat["v"].index_select(0, at)
        if there is not None:
            values = torch.where(there, values, 0.0)
        message.view(torch.float32).index_copy_(0, selection.words, values)
        cleared = {"v": (at, there)}
        if "u" in flat:
            masked = selection.masked
            cleared["u"] = (at, there) if masked is None else (at[masked], None if there is None else there[masked])
        for kind, (places, real) in cleared.items():
            if remembers:
                stood = values if kind == "v" else flat[kind].index_select(0, places)
                held[kind] = places, stood if real is None else torch.where(real, stood, 0.0)
            flat[kind].index_fill_(0, places, 0.0)
        return held

    def indices(self, plan: DevicePlan, messages: torch.Tensor) -> tuple[torch.Tensor | None, torch.Tensor]:
        """Read coding by coding."""
        sound = torch.ones(len(messages), dtype=torch.bool, device=messages.device)
        if plan.selection is None:
            return None, sound.logical_not_()
        selection = plan.selection
        index = torch.empty(len(messages), len(selection.blocks), dtype=torch.int64, device=messages.device)
        for coding in selection.codings:
            found, complete = coding.decode(messages)
            index.index_copy_(1, coding.pick, found)
            sound = sound if complete is None else sound & complete
        strays = ((index >= 0) & (index < selection.blocks)).all(1).logical_and_(sound).logical_not_()
        return index.masked_fill_(strays[:, None], 0), strays

    def add(
        self,
        plan: DevicePlan,
        gradients: torch.Tensor,
        messages: torch.Tensor,
        index: torch.Tensor | None,
        strays: torch.Tensor,
    ) -> None:
        """Add by operations over lists of tensors, and by one over all chosen elements."""
        values = (messages.view(torch.float32) * (1.0 / len(messages))).masked_fill_(strays[:, None], 0.0)
        at, chosen, direct = values, values, plan.plain + plan.whole
        if index is not None:
            selection = _selection(plan)
            at, there = selection.places.elements(index, selection.gradient)
            chosen = values.index_select(1, selection.words)
            if there is not None:
                chosen.masked_fill_(~there, 0.0)
        into = [served.part(gradients, served.gradient) for served in direct]
        for rank in range(len(messages)):
            if into:
                torch._foreach_add_(into, [served.part(values[rank], served.word) for served in direct])
            if index is not None:
                gradients.index_add_(0, at[rank], chosen[rank])


def _selection(plan: DevicePlan) -> Selection:
    """Return the selection of a plan that has one."""
    if plan.selection is None:
        raise ValueError("nothing is chosen in this bucket")
    return plan.selection
