"""Quantizers: codes for all values of a tensor, of a length that its shape decides: signs, or a few levels."""

from __future__ import annotations

import zlib

import torch

from rsbench.compressors.blocks import bits

_NORM_BYTES = 4


class Quantizer:
    """A code for all values of a tensor. No host synchronisation; not run on a GPU by us so far."""

    def begin(self, name: str, step: int) -> None:
        """Prepare :meth:`encode` of a tensor in a step (1-based); those that draw need it."""

    def encode(self, values: torch.Tensor, into: torch.Tensor) -> None:
        """Write values.

        Args:
            values: float32, shape [n].
            into: uint8 view of a message, of the layout's ``coded_bytes``, at a whole word.
        """
        raise NotImplementedError

    def decode(self, data: torch.Tensor, count: int) -> torch.Tensor:
        """Read ``count`` values that :meth:`encode` wrote: float32, shape [count]."""
        raise NotImplementedError


class ScaledSign(Quantizer):
    """``mean |x| * sign(x)``, a bit an element, 0 counted as positive (Karimireddy et al. 2019, algorithm 1)."""

    def encode(self, values: torch.Tensor, into: torch.Tensor) -> None:
        """Write the mean magnitude and a bit a value."""
        into[:_NORM_BYTES].view(torch.float32).copy_(values.abs().sum(dtype=torch.float64) / values.numel())
        bits.pack(values >= 0, into[_NORM_BYTES:])

    def decode(self, data: torch.Tensor, count: int) -> torch.Tensor:
        """Read the mean magnitude with each value's sign."""
        signs = bits.unpack(data[_NORM_BYTES:], count).float().mul_(2.0).sub_(1.0)
        return signs.mul_(data[:_NORM_BYTES].view(torch.float32))


class StochasticLevels(Quantizer):
    """``norm / s * round(s x / norm)``, rounded up or down at random so that the mean is x (Alistarh et al. 2017).

    Norms of all groups in float32, then whole numbers -s..s of ``width`` bits, the first in the lowest bits of a byte.
    The draw depends on seed, rank, tensor and step only, so that a resumed run goes on alike, and never touches the
    global generator. Where a value is not finite its group decodes to inf or nan.

    Args:
        levels: s, 1..127.
        width: bits of a code: 2, 4 or 8.
        group: elements with a norm of their own; 0 for the whole tensor.
        norm: ``max`` or ``l2``.
        seed: of the draws, text.
    """

    def __init__(self, *, levels: int, width: int, group: int, norm: str, seed: str) -> None:
        self._levels, self._width, self._group, self._norm, self._seed = levels, width, group, norm, seed
        self._draw = ""

    def begin(self, name: str, step: int) -> None:
        """Set the draw of this tensor and step."""
        self._draw = f"{self._seed}:{name}:{step}"

    def _cut(self, count: int) -> tuple[int, int]:
        """Return how many groups there are, and the elements in each, the last one padded."""
        group = min(self._group, count) or count
        return -(-count // group), group

    def encode(self, values: torch.Tensor, into: torch.Tensor) -> None:
        """Write the groups' norms, then the levels."""
        count, (groups, group) = values.numel(), self._cut(values.numel())
        rows = torch.nn.functional.pad(values, (0, groups * group - count)).view(groups, group)
        if self._norm == "max":
            norms = torch.linalg.vector_norm(rows, torch.inf, dim=1)
        else:
            norms = torch.linalg.vector_norm(rows, dim=1, dtype=torch.float64).float()
        start = _NORM_BYTES * groups
        into[:start].view(torch.float32).copy_(norms)
        rng = torch.Generator(values.device).manual_seed(zlib.crc32(self._draw.encode()))
        codes = rows.div(torch.where(norms > 0, norms, 1.0)[:, None]).mul_(self._levels)
        codes.add_(torch.rand(rows.shape, generator=rng, device=values.device)).floor_()
        codes = codes.clamp_(-self._levels, self._levels).add_(self._levels).to(torch.uint8).view(-1)[:count]
        per = bits.BITS // self._width
        packed = torch.nn.functional.pad(codes, (0, -count % per)).view(-1, per)
        into = into[start:].zero_()
        for place in range(per):
            into.add_(packed[:, place] << self._width * place)

    def decode(self, data: torch.Tensor, count: int) -> torch.Tensor:
        """Read the levels and scale them by the groups' norms."""
        groups, group = self._cut(count)
        start, per = _NORM_BYTES * groups, bits.BITS // self._width
        levels = torch.empty(len(data) - start, per, device=data.device)
        for place in range(per):
            levels[:, place] = (data[start:] >> self._width * place) & ((1 << self._width) - 1)
        rows = torch.nn.functional.pad(levels.view(-1)[:count], (0, groups * group - count)).view(groups, group)
        norms = data[:start].view(torch.float32)
        return rows.sub_(self._levels).mul_((norms / self._levels)[:, None]).view(-1)[:count]
