"""A bucket of tensors of all layouts, compressed by the hook's operations one tensor after the other: the reference."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch

from rsbench.compressors.blocks.layout import Layout
from rsbench.compressors.blocks.tensor_ops import blocks_of
from rsbench.compressors.memory.error_feedback import ErrorFeedback, MomentumCorrection
from rsbench.compressors.message.message import Message
from rsbench.compressors.selection.scores import MAGNITUDE, Score
from rsbench.compressors.selection.selectors import ExactSelector

MOMENTUM = 0.5


@dataclasses.dataclass(frozen=True)
class Case:
    """Tensors of a bucket, in bucket order, which is the reverse of the memory's."""

    layouts: Sequence[Layout]
    counts: Sequence[int]

    @property
    def names(self) -> list[str]:
        return [f"t{i}" for i in range(len(self.layouts))]

    @property
    def numel(self) -> int:
        return sum(layout.numel for layout in self.layouts)

    def message(self) -> Message:
        return Message(self.layouts, self.counts, [torch.float32] * len(self.layouts))

    def tensors(self, buffer: torch.Tensor) -> list[tuple[str, torch.Tensor]]:
        parts = torch.split(buffer, [layout.numel for layout in self.layouts])
        return [(n, part.view(lay.shape)) for n, part, lay in zip(self.names, parts, self.layouts, strict=True)]

    def memory(self, rule: str) -> ErrorFeedback:
        shapes = {n: torch.zeros(lay.shape) for n, lay in zip(self.names, self.layouts, strict=True) if lay.compressed}
        shapes = dict(reversed(shapes.items()))
        if rule == "feedback":
            return ErrorFeedback(shapes)
        return MomentumCorrection(shapes, lambda: MOMENTUM, rule == "nesterov")


def compress(
    case: Case, memory: ErrorFeedback, score: Score, masking_density: float, buffer: torch.Tensor, body: torch.Tensor
) -> None:
    """What :class:`rsbench.compressors.hooks.sparse.SparseHook` does without kernels."""
    message = case.message()
    for (name, gradient), slot in zip(case.tensors(buffer), message.slots, strict=True):
        flat, layout, index = gradient.reshape(-1), slot.layout, None
        if not layout.compressed:
            message.write(body, slot, flat, None)
        else:
            residual, blocks = memory.begin(name, flat), blocks_of(layout)
            if slot.whole:
                chosen = residual.accumulate(flat)
            else:
                kind = score if layout.block > 1 else MAGNITUDE
                index = ExactSelector().choose(name, residual, flat, layout, kind, slot.count)
                chosen = blocks.gather(residual.v, index)
            message.write(body, slot, chosen, index)
            mask = layout.sent_elements(slot.count) <= masking_density * layout.numel
            memory.clear(name, blocks, index, mask=mask)
        gradient.zero_()


def decode(case: Case, messages: torch.Tensor, buffer: torch.Tensor) -> None:
    """Add all messages, in rank order, to zeros."""
    message = case.message()
    for (_, gradient), slot in zip(case.tensors(buffer), message.slots, strict=True):
        for values, index in (message.read(body, slot) for body in messages):
            share = values.mul(1.0 / len(messages))
            if index is None:
                gradient.view(-1).add_(share)
            else:
                blocks_of(slot.layout).add(gradient.view(-1), index, share)


def drawn(rng: torch.Generator, n: int, kind: str) -> torch.Tensor:
    """Multiples of 2^-10, so that sums are exact in any order; or finite numbers with squares that are not."""
    x = (torch.randn(n, generator=rng) * 1024).round()
    return {
        "normal": x / 1024,
        "sparse": x * (torch.rand(n, generator=rng) < 0.001),
        "ties": (x / 700).round() / 1024,
        "zero": torch.zeros(n),
        "huge": torch.where(torch.rand(n, generator=rng) < 0.5, 3e37, 1e25) * x.sign(),
    }[kind]


def same_messages(message: Message, one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether indices and values are equal; what pads an edge tile may be 0 or -0."""
    pairs = [(message.read(one, slot), message.read(other, slot)) for slot in message.slots]
    values = all(torch.equal(mine[0], right[0]) for mine, right in pairs)
    return values and all(mine[1] is right[1] is None or torch.equal(mine[1], right[1]) for mine, right in pairs)
