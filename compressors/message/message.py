"""One bucket's message: fixed length, equal on all ranks, everything a receiver needs in-band.

Words of 4 bytes. A header of four int32 (``HEADER_BYTES``): fingerprint of the plan,
status, checksum of the body, step. Then for each tensor its scale (where values have one), the indices of its blocks
(:mod:`rsbench.compressors.blocks.index_codings`) and their values, or all values without indices.
"""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Callable, Sequence

import torch

from rsbench.compressors.blocks.index_codings import IndexCoding, coding_for
from rsbench.compressors.blocks.layout import VALUE_BYTES, Layout
from rsbench.compressors.density.allocation import HEADER_BYTES
from rsbench.compressors.message import values
from rsbench.compressors.message.checksum import LOW, Checksum
from rsbench.compressors.message.quantizers import Quantizer
from rsbench.errors import RsbenchError

OK = 0
"""Status of a message whose gradients are finite; else 1 + the position of the first tensor that is not."""
_WORD = 4
_FINGERPRINT, _STATUS, _CHECKSUM, _STEP = range(4)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Slot:
    """Where a tensor stands in the message.

    Attributes:
        layout: how the tensor is cut.
        count: blocks selected; ignored where the tensor is sent whole.
        coding: of the indices; None where all values are sent, without indices.
        dtype: of its values.
        scale: bytes of its scale, empty without one.
        indices: bytes of its block indices.
        values: bytes of its values.
    """

    layout: Layout
    count: int
    coding: IndexCoding | None
    dtype: torch.dtype
    scale: slice
    indices: slice
    values: slice

    @property
    def whole(self) -> bool:
        """Whether all values are sent, without indices."""
        return self.coding is None


def _slot(layout: Layout, count: int, dtype: torch.dtype, start: int) -> Slot:
    whole = layout.whole(count)
    coding = None if whole else coding_for(count, layout.blocks)
    index_start = start + layout.scale_bytes
    values = index_start + (coding.size_bytes(count, layout.blocks) if coding else 0)
    end = values + (layout.coded_bytes or dtype.itemsize * (layout.numel if whole else count * layout.block))
    return Slot(
        layout=layout,
        count=count,
        coding=coding,
        dtype=dtype,
        scale=slice(start, index_start),
        indices=slice(index_start, values),
        values=slice(values, end),
    )


class Message:
    """The plan of a bucket's messages and the access to their fields.

    Args:
        layouts: the bucket's tensors in bucket order.
        counts: blocks selected per tensor, equal on all ranks.
        dtypes: of the values per tensor.
        quantizer: of the tensors whose layout has one.

    Attributes:
        slots: where each tensor stands.
        payload_bytes: length of a message.
        words: the same in words of 4 bytes.
        fingerprint: of the plan.
        checksum_by: what works out checksums as :class:`~rsbench.compressors.message.checksum.Checksum` does; compiled
            kernels put theirs here.
    """

    def __init__(
        self,
        layouts: Sequence[Layout],
        counts: Sequence[int],
        dtypes: Sequence[torch.dtype],
        quantizer: Quantizer | None = None,
    ) -> None:
        self._quantizer = quantizer
        self.slots: list[Slot] = []
        self.checksum_by: Callable[[torch.Tensor], torch.Tensor] = Checksum()
        at = HEADER_BYTES
        for layout, count, dtype in zip(layouts, counts, dtypes, strict=True):
            self.slots.append(_slot(layout, count, dtype, at))
            at += layout.sparse_bytes(count)
        self.payload_bytes = at
        self.words = at // _WORD
        text = repr([(slot.layout, slot.count, slot.dtype) for slot in self.slots])
        self.fingerprint = zlib.crc32(text.encode()) & LOW

    def allocate(self, device: torch.device) -> torch.Tensor:
        """Return a zeroed buffer of one message, uint8, shape [payload_bytes]."""
        return torch.zeros(self.words, dtype=torch.int32, device=device).view(torch.uint8)

    def room(self, device: torch.device, messages: int) -> torch.Tensor:
        """Return room for so many messages that are still to arrive, uint8, shape [messages * payload_bytes]."""
        return torch.empty(messages * self.words, dtype=torch.int32, device=device).view(torch.uint8)

    # --- writing -----------------------------------------------------------------------------------------------

    def write(self, buffer: torch.Tensor, slot: Slot, chosen: torch.Tensor, index: torch.Tensor | None) -> None:
        """Write a tensor: values [k, block] of the blocks ``index`` [k], or all values [n] and None."""
        if index is not None and slot.coding is not None:
            slot.coding.encode(index, slot.layout.blocks, buffer[slot.indices])
        if self._quantizer is not None and slot.layout.coded_bytes:
            self._quantizer.encode(chosen, buffer[slot.values])
        else:
            values.encode(chosen, self._values(buffer, slot), self._scale(buffer, slot))

    def seal(self, buffer: torch.Tensor, status: torch.Tensor | int, step: int) -> None:
        """Write the header; the body must be complete."""
        header = buffer[:HEADER_BYTES].view(torch.int32)
        if isinstance(status, int) and buffer.device.type == "cpu":  # NumPy starts sooner than torch, thrice a step
            header.numpy()[:] = self.fingerprint, status, 0, step & LOW
        else:
            header[_FINGERPRINT].fill_(self.fingerprint)
            header[_STATUS].fill_(status)
            header[_STEP].fill_(step & LOW)
        header[_CHECKSUM] = self.checksum_by(buffer)

    # --- reading -----------------------------------------------------------------------------------------------

    def faults(self, buffer: torch.Tensor) -> torch.Tensor:
        """Return whether it is no message of this plan or was changed on its way, and its status.

        Args:
            buffer: one message, uint8 [bytes], or several, [W, bytes].

        Returns:
            int32, shape [2] or [W, 2].
        """
        if buffer.shape[-1] != self.payload_bytes:
            return torch.tensor([1, OK], dtype=torch.int32, device=buffer.device).repeat(*buffer.shape[:-1], 1)
        words = buffer.view(torch.int32)
        broken = (words[..., _FINGERPRINT] != self.fingerprint) | (words[..., _CHECKSUM] != self.checksum_by(buffer))
        return torch.stack([broken.to(torch.int32), words[..., _STATUS]], dim=-1)

    def read(self, buffer: torch.Tensor, slot: Slot) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Read a tensor: values, float32 [k, block], and block indices, int64 [k]; or all values [n] and None.

        Raises:
            RsbenchError: bytes of another length than the plan's; on a CPU, a block index out of range.
        """
        if buffer.numel() != self.payload_bytes:
            raise RsbenchError(
                f"A message has {buffer.numel()} bytes where the plan has {self.payload_bytes}; it was damaged on its "
                "way, or the ranks run different versions of rsbench."
            )
        if self._quantizer is not None and slot.layout.coded_bytes:
            return self._quantizer.decode(buffer[slot.values], slot.layout.numel), None
        chosen = values.decode(self._values(buffer, slot), self._scale(buffer, slot))
        if slot.coding is None:
            return chosen, None
        index = slot.coding.decode(buffer[slot.indices], slot.count, slot.layout.blocks)
        if index.device.type != "cpu":
            index.clamp_(0, slot.layout.blocks - 1)  # the host is not to wait; faults tell what is wrong
        elif (stray := _stray(index, slot.layout.blocks)) is not None:
            raise RsbenchError(
                f"A message names block {stray} of a tensor that has {slot.layout.blocks}; it was damaged "
                "on its way, or the ranks run different versions of rsbench."
            )
        return chosen, index

    # --- fields ------------------------------------------------------------------------------------------------

    @staticmethod
    def _scale(buffer: torch.Tensor, slot: Slot) -> torch.Tensor | None:
        return buffer[slot.scale].view(torch.float32) if slot.layout.scaled else None

    @staticmethod
    def _values(buffer: torch.Tensor, slot: Slot) -> torch.Tensor:
        data = buffer[slot.values].view(slot.dtype)
        return data if slot.whole else data.view(slot.count, slot.layout.block)


def _stray(index: torch.Tensor, blocks: int) -> int | None:
    """Return an index that is none of so many blocks, None where there is none."""
    if not index.numel():
        return None
    low, high = map(int, torch.aminmax(index))
    return low if low < 0 else high if high >= blocks else None


def value_dtype(layout: Layout, asked: torch.dtype, parameter: torch.dtype) -> torch.dtype:
    """Return the dtype of values: as asked beside a scale, else the parameter's 16 bits, else float32; uint8 codes."""
    if layout.coded_bytes:
        return torch.uint8
    if layout.scaled:
        return asked
    return torch.float32 if layout.value_bytes == VALUE_BYTES else parameter
