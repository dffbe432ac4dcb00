"""The codings of :mod:`rsbench.compressors.blocks.index_codings` for all tensors of a bucket, and all ranks, at once.

The same bytes in a number of torch operations that does not depend on how many tensors or ranks there are. What the
codings need to know beforehand stands in tables, so that nothing is read on the host. Little-endian machines only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch

from rsbench.compressors.blocks.index_codings import FILLER, Bitmap, Gaps, Int32
from rsbench.compressors.device.places import counted, on_device, spread
from rsbench.compressors.message.message import Slot

_BYTE, _WORD_BITS = 8, 32
Part = tuple[int, Slot]
"""Which of the K chosen blocks of a bucket is the first of a tensor, and the tensor's place in the message."""


class BucketCoding(Protocol):
    """One coding of all tensors of a bucket that use it.

    Attributes:
        pick: which of the bucket's K chosen blocks are those of these tensors, int64 [k].
    """

    pick: torch.Tensor

    def encode(self, index: torch.Tensor, message: torch.Tensor) -> None:
        """Write indices, int64 [k], rising in each tensor, into a zeroed message, uint8 [bytes]."""

    def decode(self, messages: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Read indices of all messages, uint8 [W, bytes].

        Returns:
            int64 [W, k]; and for each message whether every tensor has as many as planned, bool [W], None where a
            coding cannot tell.
        """


def _pick(parts: Sequence[Part], device: torch.device) -> torch.Tensor:
    counts = [slot.count for _, slot in parts]
    return on_device(spread([first for first, _ in parts], counts) + counted(counts), device)


class BucketInt32:
    """A word an index."""

    def __init__(self, parts: Sequence[Part], device: torch.device) -> None:
        counts = [slot.count for _, slot in parts]
        self.pick = _pick(parts, device)
        self._words = on_device(
            spread([slot.indices.start // 4 for _, slot in parts], counts) + counted(counts), device
        )

    def encode(self, index: torch.Tensor, message: torch.Tensor) -> None:
        """Write the indices as they are."""
        message.view(torch.int32).index_copy_(0, self._words, index.to(torch.int32))

    def decode(self, messages: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Read the indices as they are."""
        return messages.view(torch.int32).index_select(1, self._words).long(), None


class BucketGaps:
    """Distances as uint16, with fillers where one is too long."""

    def __init__(self, parts: Sequence[Part], device: torch.device) -> None:
        counts = [slot.count for _, slot in parts]
        rooms = [(slot.indices.stop - slot.indices.start) // 2 for _, slot in parts]
        within, firsts = counted(counts), torch.as_tensor(counts).cumsum(0) - torch.as_tensor(counts)
        self.pick = _pick(parts, device)
        self._follows = on_device((within > 0).long(), device)
        self._first = on_device(torch.repeat_interleave(firsts, torch.as_tensor(counts)), device)
        halves = [slot.indices.start // 2 for _, slot in parts]
        self._home = on_device(spread(halves, counts) + within, device)
        self._entries = on_device(spread(halves, rooms) + counted(rooms), device)
        starts = torch.as_tensor(rooms).cumsum(0) - torch.as_tensor(rooms)
        self._start = on_device(torch.repeat_interleave(starts, torch.as_tensor(rooms)), device)
        self._ends = on_device(torch.as_tensor(rooms).cumsum(0) - 1, device)
        self._kept = on_device(torch.as_tensor(counts).cumsum(0), device)
        self._ordinals = torch.arange(1, sum(counts) + 1, device=device)

    def encode(self, index: torch.Tensor, message: torch.Tensor) -> None:
        """Write distances and fillers."""
        gaps = index - index.roll(1) * self._follows
        fillers = gaps.div(FILLER, rounding_mode="floor")
        before = fillers.cumsum(0)
        since = before - (before - fillers).index_select(0, self._first)
        entries = message.view(torch.int16).index_fill_(0, self._entries, -1)
        entries.index_copy_(0, since.add_(self._home), gaps.sub_(fillers, alpha=FILLER).to(torch.int16))

    def decode(self, messages: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Add the distances up; entry by entry first, then those that carry a block."""
        steps = messages.view(torch.int16).index_select(1, self._entries).long().bitwise_and_(FILLER)
        total, carried = steps.cumsum(1), (steps != FILLER).cumsum(1)
        total = total - (total - steps).index_select(1, self._start)
        sound = (carried.index_select(1, self._ends) == self._kept).all(1)
        at = torch.searchsorted(carried, self._ordinals.expand(len(messages), -1).contiguous())
        return total.gather(1, at.clamp_(max=steps.shape[1] - 1)), sound


class BucketBitmap:
    """A bit a block."""

    def __init__(self, parts: Sequence[Part], device: torch.device) -> None:
        counts = [slot.count for _, slot in parts]
        sizes = [slot.indices.stop - slot.indices.start for _, slot in parts]
        starts = torch.as_tensor(sizes).cumsum(0) - torch.as_tensor(sizes)
        self.pick = _pick(parts, device)
        self._words = on_device(spread([slot.indices.start // 4 for _, slot in parts], counts), device)
        self._bytes = on_device(spread([slot.indices.start for _, slot in parts], sizes) + counted(sizes), device)
        self._first_bit = on_device(_BYTE * torch.repeat_interleave(starts, torch.as_tensor(counts)), device)
        self._ends = on_device(torch.as_tensor(sizes).cumsum(0) - 1, device)
        self._kept = on_device(torch.as_tensor(counts).cumsum(0), device)
        self._ordinals = torch.arange(1, sum(counts) + 1, device=device)
        bits = (torch.arange(256)[:, None] >> torch.arange(_BYTE)) & 1
        ranks = bits.cumsum(1)
        nth = [((ranks == n + 1) & (bits == 1)).long().argmax(1) for n in range(_BYTE)]
        self._bits_set, self._nth_bit = (
            on_device(bits.sum(1), device),
            on_device(torch.stack(nth, 1).reshape(-1), device),
        )

    def encode(self, index: torch.Tensor, message: torch.Tensor) -> None:
        """Set the bits of the chosen blocks: each is set once, so that a sum is as good as an or."""
        bit = torch.bitwise_left_shift(1, index & (_WORD_BITS - 1)).to(torch.int32)
        message.view(torch.int32).index_add_(0, index.div(_WORD_BITS, rounding_mode="floor").add_(self._words), bit)

    def decode(self, messages: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Find the byte of the n-th bit that is set, then the bit in it."""
        data = messages.index_select(1, self._bytes).long()
        number = self._bits_set[data]
        carried = number.cumsum(1)
        sound = (carried.index_select(1, self._ends) == self._kept).all(1)
        at = torch.searchsorted(carried, self._ordinals.expand(len(messages), -1).contiguous())
        at.clamp_(max=data.shape[1] - 1)
        rank = (self._ordinals - (carried - number).gather(1, at)).sub_(1).clamp_(0, _BYTE - 1)
        bit = self._nth_bit[data.gather(1, at).mul_(_BYTE).add_(rank)]
        return at.mul_(_BYTE).add_(bit).sub_(self._first_bit), sound


CODINGS: dict[type, type[BucketInt32] | type[BucketGaps] | type[BucketBitmap]] = {
    Int32: BucketInt32,
    Gaps: BucketGaps,
    Bitmap: BucketBitmap,
}
"""Class of an index coding -> the same for a bucket. Tensors of other codings are left to the hook's own loop."""


def bucket_codings(parts: Sequence[Part], device: torch.device) -> list[BucketCoding]:
    """Return the codings that some tensors use, each for all of its tensors."""
    found: list[BucketCoding] = []
    for kind, build in CODINGS.items():
        mine = [part for part in parts if type(part[1].coding) is kind]
        if mine:
            found.append(build(mine, device))
    return found
