"""Stochastic quantisation."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, ClassVar, Self

from rsbench.compressors import papers
from rsbench.compressors.base.options import option
from rsbench.compressors.base.quantized import QuantizedCompressor

if TYPE_CHECKING:
    from rsbench.compressors.message.quantizers import Quantizer

_WIDTHS = (2, 4, 8)
_FILLED = (1, 7, 127)
"""Levels that leave no code of a width unused, but for one."""


@dataclasses.dataclass(kw_only=True, eq=False)
class QSGD(QuantizedCompressor):
    """Rounds each element at random to one of s levels of its group's norm and a sign, without bias; no residual.

    The 2 s + 1 codes are packed in 2 (s = 1), 4 (s <= 7) or 8 bits (s <= 127) each, of fixed length; with the paper's
    Elias code sizes would differ between ranks. Groups and norms by the maximum are those of the paper's experiments;
    its theorems are about ``norm=l2``.
    """

    name = "qsgd"
    title = "QSGD"
    source = "Alistarh, Grubic, Li, Tomioka & Vojnovic, NeurIPS 2017"
    references = (papers.ALISTARH_2017,)
    draws_at_random = True
    setting: ClassVar[str] = "levels"
    setting_range: ClassVar[tuple[float, float]] = (_FILLED[0], _FILLED[-1])
    coarsest_words: ClassVar[str] = "2 bits a value and a norm a group (levels=1)"
    setting_is_coarse: ClassVar[bool] = True

    levels: int = option(7, "levels s of a magnitude; 1, 7 and 127 fill 2, 4 and 8 bits", low=1, high=127)
    group: int = option(512, "elements with a norm of their own; 0 for the whole tensor", low=0)
    norm: str = option("max", "norm of a group: its largest magnitude, or Euclidean", choices=("max", "l2"))
    draw_seed: int = option(0, "seed of the draws", low=0)

    @property
    def width(self) -> int:
        """Bits of a code."""
        return next(width for width in _WIDTHS if 2 * self.levels + 1 <= 1 << width)

    def with_setting(self, value: float) -> Self:
        """Return a fresh compressor of the most levels up to a value that fill 2, 4 or 8 bits."""
        return self.replace(levels=max(levels for levels in _FILLED if levels <= value))

    def coded_bytes(self, elements: int) -> int:
        """Return the bytes of a norm a group and the packed codes."""
        groups = -(-elements // self.group) if self.group else 1
        return 4 * groups + -(-elements * self.width // 8)

    def make_quantizer(self, rank: int) -> Quantizer:
        """Build stochastic levels, drawn by each rank for itself."""
        from rsbench.compressors.message.quantizers import StochasticLevels  # late: start-up

        seed = f"{self.draw_seed}:{self.seed}:{rank}"
        return StochasticLevels(levels=self.levels, width=self.width, group=self.group, norm=self.norm, seed=seed)
