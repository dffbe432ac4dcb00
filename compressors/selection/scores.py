"""Importance of each block of a tensor: a weighted sum of up to two statistics of the block."""

from __future__ import annotations

import dataclasses
from typing import Any

import torch

from rsbench.compressors.blocks.tensor_ops import Blocks

TINY = 1e-12
Pair = tuple[torch.Tensor, torch.Tensor | None]


@dataclasses.dataclass(frozen=True)
class Score:
    """``score_j = a * first_j + b * second_j``; the larger, the sooner block j is sent.

    Attributes:
        first: ``mean`` (mean of |v|) or ``l2`` (root of the sum of squares).
        second: ``std`` (population standard deviation of v), ``var`` (its square), or empty for none.
        alpha: a, b = alpha, 1 - alpha.
        norm: ``l2`` divides each statistic by its L2 norm over the tensor's blocks first, ``none`` does not.
    """

    first: str = "mean"
    second: str = ""
    alpha: float = 1.0
    norm: str = "none"

    def statistics(self, v: torch.Tensor, blocks: Blocks) -> Pair:
        """Return both statistics of each block.

        Args:
            v: float32, shape [n].
            blocks: the cut of v.

        Returns:
            Shape [J] each; the second is None where the score has none. The variance is mean(v^2) - mean(v)^2,
            clamped at 0; elements missing in edge tiles do not count.
        """
        if self.first == "l2":
            return blocks.sums(v.square()).sqrt_(), None
        sizes = blocks.sizes(v)
        work = v.abs()
        first = blocks.sums(work) / sizes
        if not self.second:
            return first, None
        spread = blocks.sums(torch.mul(v, v, out=work)) / sizes
        spread.sub_((blocks.sums(v) / sizes).square_()).clamp_(min=0.0)
        return first, spread.sqrt_() if self.second == "std" else spread

    def weights(self, first_squares: Any, second_squares: Any) -> tuple[Any, Any]:
        """Return the factors a and b, from the sums of squares of both statistics (numbers or tensors)."""
        if self.norm == "none":
            return self.alpha, 1 - self.alpha
        return self.alpha / (first_squares**0.5 + TINY), (1 - self.alpha) / (second_squares**0.5 + TINY)

    def combine(self, pair: Pair, weights: tuple[Any, Any]) -> torch.Tensor:
        """Return the scores, shape [J], from statistics and factors; the statistics stay as they are."""
        first, second = pair
        if second is None and self.norm == "none" and self.alpha == 1.0:
            return first
        scores: torch.Tensor = first * weights[0]
        return scores if second is None else scores.add_(second * weights[1])

    def __call__(self, v: torch.Tensor, blocks: Blocks) -> torch.Tensor:
        """Return the scores of all blocks, shape [J], in one piece: the reference. Zeros score 0 everywhere."""
        pair = self.statistics(v, blocks)
        return self.combine(pair, self.weights(*squares(pair)))


def squares(pair: Pair) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the sums of squares of both statistics, 0-dimensional."""
    first, second = pair
    total = first.square().sum()
    return total, total if second is None else second.square().sum()


MAGNITUDE = Score()
"""|v| of each element ("larger-absolute-more-important"; Aji & Heafield 2017, Lin et al. 2018)."""
MEAN = Score()
"""Mean |v| of a block, of an element its magnitude."""
L2 = Score(first="l2")
"""L2 norm of a block."""
SCORES = {"magnitude": MAGNITUDE, "mean": MEAN, "l2": L2}
"""Word of an option ``score`` -> a score without options of its own."""


def nsi(alpha: float, stat: str, norm: str) -> Score:
    """Build RS-DGC's Neighborhood Statistics Indicator (Xie et al., TGRS 2024); the formula is our reading.

    With m_j the mean of |v| and s_j the population standard deviation of v over neighbourhood j:
    ``NSI_j = alpha * m_j / ||m|| + (1 - alpha) * s_j / ||s||``, norms over the layer's neighbourhoods.

    Args:
        alpha: weight of the mean, 0..1.
        stat: ``std`` or ``var`` (s_j squared).
        norm: ``l2`` as above, or ``none`` to leave both terms unscaled.
    """
    return Score(first="mean", second=stat, alpha=alpha, norm=norm)
