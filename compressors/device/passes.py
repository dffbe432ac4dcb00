"""What goes over all elements of a bucket, by torch operations: taking gradients in, and choosing blocks.

Works on every device, tensors one after the other only where blocks of more than one element are scored. Triton's
kernels do the same in fewer launches (:mod:`rsbench.compressors.device.triton_passes`).
"""

from __future__ import annotations

from typing import Protocol

import torch

from rsbench.compressors.blocks.tensor_ops import blocks_of
from rsbench.compressors.device import radix
from rsbench.compressors.device.plan import DevicePlan, Selection
from rsbench.compressors.memory.error_feedback import Residual, Tensors
from rsbench.compressors.selection.scores import Score


class Passes(Protocol):
    """The two passes over a bucket.

    Attributes:
        compiled: whether they are compiled kernels, not operations of torch.
    """

    compiled: bool

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

    def choose(self, selection: Selection, v: torch.Tensor, score: Score) -> torch.Tensor:
        """Return the indices of the chosen blocks in their tensors, int64 [K], rising in each tensor.

        Args:
            selection: of the bucket.
            v: residuals of all tensors, flat.
            score: importance of blocks of more than one element; others are chosen by magnitude.
        """


class TorchPasses:
    """The passes by torch operations."""

    compiled = False

    def take_in(
        self, plan: DevicePlan, start: Residual, flat: Tensors, gradients: torch.Tensor, message: torch.Tensor
    ) -> torch.Tensor:
        """Take in by operations over lists of tensors."""
        largest = torch._foreach_norm(torch.split(gradients, plan.sizes), torch.inf)
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

    def choose(self, selection: Selection, v: torch.Tensor, score: Score) -> torch.Tensor:
        """Score all blocks, then choose by histograms of the scores' bits."""
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
