"""How the indices of the chosen blocks are written: one class a coding, and the table of them.

The cheapest coding in :data:`CODINGS` is taken. What it costs depends on nothing but the number of blocks J and the
number chosen k, so that the choice is the same on all ranks and can be planned from shapes alone, without torch. To add
a coding, write a class and append it to the table; the compiled loops leave its tensors to the torch operations.

No coding makes the host wait for a GPU or loops over elements in Python: shapes depend on (J, k) only. Not run on a GPU
by us so far.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import torch

FILLER = 0xFFFF
"""Entry of :class:`Gaps` that moves on by 65,535 blocks and carries none."""
_WORD = 4


def padded(size_bytes: int) -> int:
    """Round up to whole words of 4 bytes; padding counts as payload."""
    return -(-size_bytes // _WORD) * _WORD


class IndexCoding(Protocol):
    """A way to write indices of blocks: int64, shape [k], rising, each once, in 0..J-1."""

    def size_bytes(self, count: int, blocks: int) -> int:
        """Return the bytes of any ``count`` indices out of ``blocks``: whole words, and never less for a larger count.

        Args:
            count: k.
            blocks: J.
        """

    def encode(self, index: torch.Tensor, blocks: int, into: torch.Tensor) -> None:
        """Write indices.

        Args:
            index: int64, shape [k].
            blocks: J.
            into: zeroed uint8 view of a message, shape [size_bytes], at a whole word.
        """

    def decode(self, data: torch.Tensor, count: int, blocks: int) -> torch.Tensor:
        """Read what :meth:`encode` wrote: int64, shape [k]; from other bytes indices out of range, never an exception.

        Args:
            data: uint8, shape [size_bytes].
            count: k.
            blocks: J.
        """


class Int32:
    """One int32 a block: 4 k bytes."""

    def size_bytes(self, count: int, blocks: int) -> int:
        """Return 4 k."""
        return _WORD * count

    def encode(self, index: torch.Tensor, blocks: int, into: torch.Tensor) -> None:
        """Write the indices as they are."""
        import torch  # late: start-up

        into.view(torch.int32).copy_(index)

    def decode(self, data: torch.Tensor, count: int, blocks: int) -> torch.Tensor:
        """Read the indices as they are."""
        import torch  # late: start-up

        return data.view(torch.int32).long()


class Gaps:
    """The distance to the index before as uint16: 2 (k + floor(J / 65,535)) bytes.

    A distance of 65,535 or more is preceded by entries :data:`FILLER` that carry no block, at most J / 65,535 of them;
    the rest of their room is filled with them too.
    """

    def size_bytes(self, count: int, blocks: int) -> int:
        """Return the bytes of entries and fillers."""
        return padded(2 * (count + blocks // FILLER))

    def encode(self, index: torch.Tensor, blocks: int, into: torch.Tensor) -> None:
        """Write distances and fillers."""
        import torch  # late: start-up

        gaps = index.diff(prepend=index.new_zeros(1))
        fillers = gaps.div(FILLER, rounding_mode="floor")
        place = torch.arange(index.numel(), device=index.device) + fillers.cumsum(0)
        entries = into.view(torch.int16).fill_(-1)  # 65,535 as uint16
        entries.scatter_(0, place, gaps.sub_(fillers, alpha=FILLER).to(torch.int16))  # keeps the low 16 bits

    def decode(self, data: torch.Tensor, count: int, blocks: int) -> torch.Tensor:
        """Add the distances up."""
        import torch  # late: start-up

        steps = data.view(torch.int16).long().bitwise_and_(FILLER)
        return _first(steps != FILLER, steps.cumsum(0), count)


class Bitmap:
    """One bit a block: J / 8 bytes."""

    def size_bytes(self, count: int, blocks: int) -> int:
        """Return J / 8, in whole words."""
        return padded(-(-blocks // 8))

    def encode(self, index: torch.Tensor, blocks: int, into: torch.Tensor) -> None:
        """Set the bits of the chosen blocks."""
        import torch  # late: start-up

        from rsbench.compressors.blocks import bits

        mask = torch.zeros(into.numel() * bits.BITS, dtype=torch.bool, device=index.device)
        bits.pack(mask.index_fill_(0, index, True), into)

    def decode(self, data: torch.Tensor, count: int, blocks: int) -> torch.Tensor:
        """List the bits that are set, the first ``count`` of them."""
        import numpy as np  # late: start-up
        import torch

        from rsbench.compressors.blocks import bits

        mask = bits.unpack(data, blocks).bool()
        if data.device.type != "cpu":
            return _first(mask, torch.arange(blocks, device=data.device), count)
        index = torch.from_numpy(np.flatnonzero(mask.numpy())[:count])
        return torch.nn.functional.pad(index, (0, count - index.numel()), value=-1)


def _first(mask: torch.Tensor, values: torch.Tensor, count: int) -> torch.Tensor:
    """Return the first ``count`` values where ``mask`` holds, -1 for those that are missing; shape [count] always."""
    place = (mask.cumsum(0) - 1).masked_fill_(~mask, count).clamp_(max=count)
    return values.new_full((count + 1,), -1).scatter_(0, place, values)[:count]


CODINGS: list[IndexCoding] = [Int32(), Gaps(), Bitmap()]
"""Every coding, the preferred one of equally cheap ones first."""


def coding_for(count: int, blocks: int) -> IndexCoding:
    """Return the cheapest coding of ``count`` chosen out of ``blocks``."""
    return min(CODINGS, key=lambda coding: coding.size_bytes(count, blocks))


def index_bytes(count: int, blocks: int) -> int:
    """Return the bytes of the indices of ``count`` chosen out of ``blocks``; never falls when ``count`` rises."""
    return min(coding.size_bytes(count, blocks) for coding in CODINGS)
