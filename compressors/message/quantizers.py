"""Quantizers: codes for all values of a tensor, of a length that its shape decides: signs, or a few levels."""

from __future__ import annotations

import torch

from rsbench.compressors.blocks import bits
from rsbench.compressors.message import draws

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
    """``u floor(x / u + draw)``, u = norm / s, draw from [0, 1): the mean is x (Alistarh et al. 2017, section 3.1).

    Norms of all groups in float32, then whole numbers -s..s of ``width`` bits, the first in the lowest bits of a byte.
    The draw (:mod:`rsbench.compressors.message.draws`) depends on seed, rank, tensor, step and element only, so that a
    resumed run goes on alike. Where a value is not finite its group decodes to inf or nan.

    Args:
        levels: s, 1..127.
        width: bits of a code: 2, 4 or 8.
        group: elements with a norm of their own; 0 for the whole tensor.
        norm: ``max`` or ``l2``.
        seed: of the draws, text.
    """

    def __init__(self, *, levels: int, width: int, group: int, norm: str, seed: str) -> None:
        self.levels, self.width, self.group, self.norm, self._seed = levels, width, group, norm, seed
        self._keys: draws.Keys = (0, 0)

    def begin(self, name: str, step: int) -> None:
        """Set the draw of this tensor and step."""
        self._keys = self.keys(name, step)

    def keys(self, name: str, step: int) -> draws.Keys:
        """Return the keys of a tensor's draws in a step (1-based)."""
        return draws.keys(f"{self._seed}:{name}:{step}")

    def _cut(self, count: int) -> tuple[int, int]:
        """Return how many groups there are, and the elements in each, the last one padded."""
        group = min(self.group, count) or count
        return -(-count // group), group

    def encode(self, values: torch.Tensor, into: torch.Tensor) -> None:
        """Write the groups' norms, then the levels."""
        count, (groups, group) = values.numel(), self._cut(values.numel())
        rows = torch.nn.functional.pad(values, (0, groups * group - count)).view(groups, group)
        if self.norm == "max":
            norms = torch.linalg.vector_norm(rows, torch.inf, dim=1)
        else:
            norms = torch.linalg.vector_norm(rows, dim=1, dtype=torch.float64).float()
        start = _NORM_BYTES * groups
        into[:start].view(torch.float32).copy_(norms)
        units = norms / self.levels
        codes = rows.div(torch.where(units > 0, units, 1.0)[:, None]).view(-1)[:count]
        codes.add_(draws.uniform(self._keys, count, values.device)).floor_().nan_to_num_(nan=-self.levels)
        codes = codes.clamp_(-self.levels, self.levels).add_(self.levels).to(torch.uint8)
        per = bits.BITS // self.width
        packed = torch.nn.functional.pad(codes, (0, -count % per)).view(-1, per)
        into = into[start:].zero_()
        for place in range(per):
            into.add_(packed[:, place] << self.width * place)

    def decode(self, data: torch.Tensor, count: int) -> torch.Tensor:
        """Read the levels and scale them by the groups' norms."""
        groups, group = self._cut(count)
        start, per = _NORM_BYTES * groups, bits.BITS // self.width
        levels = torch.empty(len(data) - start, per, device=data.device)
        for place in range(per):
            levels[:, place] = (data[start:] >> self.width * place) & ((1 << self.width) - 1)
        rows = torch.nn.functional.pad(levels.view(-1)[:count], (0, groups * group - count)).view(groups, group)
        norms = data[:start].view(torch.float32)
        return rows.sub_(self.levels).mul_((norms / self.levels)[:, None]).view(-1)[:count]
