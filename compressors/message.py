"""One bucket's message: fixed length, equal on all ranks, everything a receiver needs in-band.

Words of 4 bytes. First a header of two int32 a tensor (count of blocks, status); then for each tensor either its
values whole, or int32 block numbers [k] followed by float32 values [k, block].
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch

from rsbench.compressors.layout import HEADER_BYTES, VALUE_BYTES, Layout

OK, NOT_FINITE = 0, 1
_WORD = VALUE_BYTES
_HEADER_WORDS = HEADER_BYTES // _WORD


@dataclasses.dataclass(frozen=True, kw_only=True)
class Slot:
    """Where a tensor stands in the message.

    Attributes:
        layout: how the tensor is cut.
        count: blocks selected; ignored where the tensor is sent whole.
        start: first word of its body.
    """

    layout: Layout
    count: int
    start: int

    @property
    def whole(self) -> bool:
        """Whether all values are sent, without indices."""
        return self.layout.whole(self.count)


class Message:
    """The plan of a bucket's messages and the access to their fields.

    Args:
        layouts: the bucket's tensors in bucket order.
        counts: blocks selected per tensor, equal on all ranks.
    """

    def __init__(self, layouts: Sequence[Layout], counts: Sequence[int]) -> None:
        self.slots: list[Slot] = []
        at = _HEADER_WORDS * len(layouts)
        for layout, count in zip(layouts, counts, strict=True):
            self.slots.append(Slot(layout=layout, count=count, start=at))
            at += layout.sparse_bytes(count) // _WORD
        self.words = at

    @property
    def payload_bytes(self) -> int:
        """Length of the message in bytes, by the encoder's own sum."""
        return self.words * _WORD

    def allocate(self, device: torch.device, messages: int = 1) -> torch.Tensor:
        """Zeroed int32 buffer, shape [messages * words]."""
        return torch.zeros(messages * self.words, dtype=torch.int32, device=device)

    def write_header(self, buffer: torch.Tensor, status: Sequence[int]) -> None:
        """Fill the headers; ``status`` has one entry a tensor."""
        words = [w for slot, s in zip(self.slots, status, strict=True) for w in (slot.count, s)]
        buffer[: len(words)] = torch.tensor(words, dtype=torch.int32, device=buffer.device)

    def statuses(self, buffer: torch.Tensor) -> list[int]:
        """Read the statuses of one message."""
        found: list[int] = buffer[1 : _HEADER_WORDS * len(self.slots) : _HEADER_WORDS].tolist()
        return found

    def indices(self, buffer: torch.Tensor, slot: Slot) -> torch.Tensor:
        """View of a tensor's block numbers, int32 [count]."""
        return buffer[slot.start : slot.start + slot.count]

    def values(self, buffer: torch.Tensor, slot: Slot) -> torch.Tensor:
        """View of a tensor's values, float32 [numel] if whole, else [count, block]."""
        floats = buffer.view(torch.float32)
        if slot.whole:
            return floats[slot.start : slot.start + slot.layout.numel]
        start = slot.start + slot.count
        return floats[start : start + slot.count * slot.layout.block].view(slot.count, slot.layout.block)
