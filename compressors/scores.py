"""Importance of each block of a tensor: the larger, the sooner it is sent."""

from __future__ import annotations

from typing import Protocol

import torch

from rsbench.compressors.blocks import Blocks

_TINY = 1e-12


class Score(Protocol):
    """Scores the blocks of an accumulated gradient."""

    def __call__(self, v: torch.Tensor, blocks: Blocks) -> torch.Tensor:
        """Return one score a block, shape [J], for the flat float32 tensor ``v`` [n]."""


class Magnitude:
    """|v| of each element ("larger-absolute-more-important"; Aji & Heafield 2017, Lin et al. 2018)."""

    def __call__(self, v: torch.Tensor, blocks: Blocks) -> torch.Tensor:
        """Return |v|, shape [n]: blocks are single elements."""
        return v.abs()


class NSI:
    """Neighborhood Statistics Indicator of RS-DGC (Xie et al., TGRS 2024); the formula is our reading.

    With m_j the mean of |v| and s_j the population standard deviation of v over neighbourhood j:
    ``NSI_j = alpha * m_j / ||m|| + (1 - alpha) * s_j / ||s||``, norms over the layer's neighbourhoods.

    Args:
        alpha: weight of the mean, 0..1.
        stat: ``std`` or ``var`` (s_j squared).
        norm: ``l2`` as above, or ``none`` to leave both terms unscaled.
    """

    def __init__(self, alpha: float, stat: str, norm: str) -> None:
        self._alpha, self._stat, self._norm = alpha, stat, norm

    def _scaled(self, x: torch.Tensor) -> torch.Tensor:
        return x.div_(torch.linalg.vector_norm(x) + _TINY) if self._norm == "l2" else x

    def __call__(self, v: torch.Tensor, blocks: Blocks) -> torch.Tensor:
        """Return NSI, shape [J]; the variance is clamped at 0, an all-zero tensor scores 0 everywhere."""
        sizes = blocks.sizes(v)
        work = v.abs()
        mean_abs = blocks.sums(work) / sizes
        spread = blocks.sums(torch.mul(v, v, out=work)) / sizes
        spread.sub_((blocks.sums(v) / sizes).square_()).clamp_(min=0.0)
        if self._stat == "std":
            spread.sqrt_()
        return self._scaled(mean_abs).mul_(self._alpha).add_(self._scaled(spread), alpha=1 - self._alpha)
