"""What the kernels of a bucket must know beforehand: which tensors they serve, and where everything stands."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import torch

from rsbench.compressors.device.codings import CODINGS, BucketCoding, bucket_codings
from rsbench.compressors.device.places import Places, counted, on_device, spread
from rsbench.compressors.device.radix import Segments, segments
from rsbench.compressors.message.message import Message, Slot

_SMALL = 1 << 18


@dataclasses.dataclass(frozen=True)
class Served:
    """One tensor that is served.

    Attributes:
        position: in the bucket.
        name: of the tensor.
        slot: its place in the message.
        gradient: index of its first element in the bucket's buffer.
        memory: the same in the memory's flat tensors.
        masks: whether the velocity is cleared where something is sent.
    """

    position: int
    name: str
    slot: Slot
    gradient: int
    memory: int
    masks: bool

    def part(self, flat: torch.Tensor, start: int) -> torch.Tensor:
        """Return as many elements as the tensor has, from ``start`` on."""
        return flat[start : start + self.slot.layout.numel]

    @property
    def word(self) -> int:
        """Index of its first value in the message, in words of 4 bytes."""
        return int(self.slot.values.start) // 4


@dataclasses.dataclass(frozen=True, eq=False)
class Selection:
    """The tensors that blocks are chosen from, K blocks of V elements in all.

    Attributes:
        tensors: those.
        table: where their scores stand.
        places: from block indices to elements.
        codings: of the indices.
        blocks: number of blocks of the tensor of each chosen one, int64 [K].
        memory: where the memory of each chosen element's tensor starts, int64 [V].
        gradient: the same in the bucket's buffer.
        words: where each chosen element stands in a message, in words.
        masked: which of the V elements clear the velocity, int64; None for all of them.
    """

    tensors: tuple[Served, ...]
    table: Segments
    places: Places
    codings: Sequence[BucketCoding]
    blocks: torch.Tensor
    memory: torch.Tensor
    gradient: torch.Tensor
    words: torch.Tensor
    masked: torch.Tensor | None


@dataclasses.dataclass(frozen=True, eq=False)
class DevicePlan:
    """The plan of a bucket.

    Attributes:
        sizes: elements of all tensors of the bucket, in order.
        plain: tensors that are sent as they are, without a memory.
        whole: tensors all of whose residual is sent.
        selection: the tensors that blocks are chosen from; None without any.
    """

    sizes: tuple[int, ...]
    plain: tuple[Served, ...]
    whole: tuple[Served, ...]
    selection: Selection | None

    @property
    def kept(self) -> tuple[Served, ...]:
        """The tensors that have a memory."""
        return self.whole + (self.selection.tensors if self.selection else ())

    @property
    def positions(self) -> tuple[int, ...]:
        """Places in the bucket of all tensors that are served."""
        return tuple(served.position for served in self.plain + self.kept)


def make_plan(
    message: Message,
    tensors: Sequence[tuple[str, torch.Tensor]],
    buffer: torch.Tensor,
    memory: Mapping[str, int],
    masking_density: float | None,
) -> DevicePlan | None:
    """Plan a bucket; tables go to the device without waiting for it.

    Args:
        message: its plan.
        tensors: (name, gradient view) in bucket order.
        buffer: the bucket's, which holds them one after the other.
        memory: tensor name -> index of its first element in the memory's flat tensors.
        masking_density: as in :class:`~rsbench.compressors.hooks.counts.Parts`; None without a velocity.

    Returns:
        None where no tensor can be served: those of 16 bits, with strides, in a coding that is not known here, or of
        high density, whose tables would be large.
    """
    found: list[Served] = []
    at = 0
    for position, ((name, gradient), slot) in enumerate(zip(tensors, message.slots, strict=True)):
        if gradient.storage_offset() - buffer.storage_offset() != at or gradient.numel() == 0:
            return None
        layout = slot.layout
        float32 = gradient.dtype == slot.dtype == torch.float32 and gradient.is_contiguous()
        if float32 and (slot.coding is None or (type(slot.coding) in CODINGS and _in_reach(slot))):
            masks = masking_density is not None and layout.sent_elements(slot.count) <= masking_density * layout.numel
            found.append(Served(position, name, slot, at, memory.get(name, 0), masks))
        at += gradient.numel()
    if not found:
        return None
    chosen = tuple(served for served in found if not served.slot.whole)
    return DevicePlan(
        tuple(gradient.numel() for _, gradient in tensors),
        tuple(served for served in found if not served.slot.layout.compressed),
        tuple(served for served in found if served.slot.layout.compressed and served.slot.whole),
        _selection(chosen, buffer.device) if chosen else None,
    )


def _in_reach(slot: Slot) -> bool:
    """Return whether the tables, some 80 bytes a chosen element, stay small beside the tensor, or small at all."""
    return slot.count * slot.layout.block <= max(_SMALL, slot.layout.numel // 32)


def _selection(tensors: tuple[Served, ...], device: torch.device) -> Selection:
    layouts, counts = [served.slot.layout for served in tensors], [served.slot.count for served in tensors]
    places = Places(layouts, counts, device)
    firsts = (torch.as_tensor(counts).cumsum(0) - torch.as_tensor(counts)).tolist()
    masks = spread([served.masks for served in tensors], places.values)
    return Selection(
        tensors,
        segments([layout.blocks for layout in layouts], counts, device),
        places,
        bucket_codings([(first, served.slot) for first, served in zip(firsts, tensors, strict=True)], device),
        on_device(spread([layout.blocks for layout in layouts], counts), device),
        on_device(spread([served.memory for served in tensors], places.values), device),
        on_device(spread([served.gradient for served in tensors], places.values), device),
        on_device(spread([served.word for served in tensors], places.values) + counted(places.values), device),
        None if bool(masks.all()) else on_device(masks.nonzero().view(-1), device),
    )
