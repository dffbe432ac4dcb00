"""The messages of a bucket whose blocks are shared out over the ranks by regions."""

import dataclasses
from collections.abc import Mapping

import torch

from rsbench.compressors.blocks.layout import Layout
from rsbench.compressors.density.regions import deal
from rsbench.compressors.message.message import Message, Slot


@dataclasses.dataclass(frozen=True)
class Part:
    """A part of a tensor.

    Attributes:
        rank: that adds it up.
        first: block of the tensor that is its first; element where the tensor is sent whole.
        stride: of its blocks in the tensor.
        slot: where it stands in the message to its rank.
        result: where its sum stands in that rank's message to all.
    """

    rank: int
    first: int
    stride: int
    slot: Slot
    result: Slot

    @property
    def places(self) -> slice:
        """Its blocks in the tensor; elements where the tensor is sent whole."""
        return slice(self.first, None, self.stride)

    @property
    def every(self) -> torch.Tensor:
        """The numbers of all its blocks."""
        return torch.arange(self.slot.layout.blocks)

    def blocks(self, local: torch.Tensor) -> torch.Tensor:
        """Return the numbers in the tensor of some of its blocks."""
        return local * self.stride + self.first


class RegionPlan:
    """Where everything stands.

    Args:
        layouts: tensor name -> layout, in the order of their registration.
        counts: tensor name -> blocks that are sent.
        dtypes: tensor name -> dtype of values.
        workers: world size W.

    Attributes:
        messages: to each rank, what a rank sends of its region.
        results: of each rank, the sums of its region.
        parts: tensor name -> its parts.
        of_rank: of each rank, the names and parts of its region.
        room: bytes of the longest result.
    """

    def __init__(
        self,
        layouts: Mapping[str, Layout],
        counts: Mapping[str, int],
        dtypes: Mapping[str, torch.dtype],
        workers: int,
    ) -> None:
        names = list(layouts)
        dealt = [
            (names[number], (rank + i) % workers, alike, alike.first + i)
            for number, rank, alike in deal(list(layouts.values()), [counts[n] for n in names], workers)
            for i in range(alike.parts)
        ]
        regions = [[(n, alike, first) for n, of, alike, first in dealt if of == rank] for rank in range(workers)]
        self.messages = [
            Message(
                [a.layout for _, a, _ in region], [a.count for _, a, _ in region], [dtypes[n] for n, _, _ in region]
            )
            for region in regions
        ]
        self.results = [
            Message([a.result for _, a, _ in region], [a.count for _, a, _ in region], [torch.float32] * len(region))
            for region in regions
        ]
        self.of_rank = [
            [
                (name, Part(rank, first, alike.stride, slot, result))
                for (name, alike, first), slot, result in zip(
                    region, self.messages[rank].slots, self.results[rank].slots, strict=True
                )
            ]
            for rank, region in enumerate(regions)
        ]
        self.parts = {n: [part for region in self.of_rank for name, part in region if name == n] for n in names}
        self.room = max(result.payload_bytes for result in self.results)

    def allocate(self, device: torch.device) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Return zeroed room for the messages to all ranks, uint8: one after the other, and each by itself."""
        words = torch.zeros(sum(message.words for message in self.messages), dtype=torch.int32, device=device)
        joined = words.view(torch.uint8)
        return joined, list(torch.split(joined, [message.payload_bytes for message in self.messages]))
