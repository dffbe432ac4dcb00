"""How replaceable the filters or elements of a gradient are: their distance to the others (GCC, our reading)."""

from __future__ import annotations

import math

import torch

from rsbench.compressors.blocks.layout import Layout
from rsbench.compressors.memory.error_feedback import Residual
from rsbench.compressors.selection.scores import Score
from rsbench.compressors.selection.selectors import Selector, highest_of_all

_SMALLEST = torch.finfo(torch.float32).tiny


def distances(v: torch.Tensor, layout: Layout) -> torch.Tensor:
    """Return the distance of each filter or element: the smaller, the better others can stand in for it.

    Args:
        v: float32, shape [n].
        layout: of a convolution (more than two dimensions) or a matrix.

    Returns:
        Float32, shape [J]: of a matrix ``|v_j - mean v|``; of filters the sums of their Euclidean distances to all
        others. inf where a value is nan.
    """
    rows = v.view(layout.blocks, layout.block)
    sums = _sums_of_distances(rows) if len(layout.shape) > 2 else (v - v.mean()).abs_()
    return sums.nan_to_num_(nan=math.inf)


def _sums_of_distances(rows: torch.Tensor) -> torch.Tensor:
    """Sum over i of ||row_j - row_i|| for each j, from one product of the rows with each other.

    ``||a - b||^2 = a.a + b.b - 2 a.b`` cancels where rows are close beside their length, so the mean row is taken out
    first, which changes no distance; and the largest value is scaled to 1, so that no square overflows or vanishes.

    Args:
        rows: float32, shape [F, K].
    """
    centred = rows - rows.mean(0)
    centred.div_(centred.abs().amax().clamp_(min=_SMALLEST))
    products = centred @ centred.T
    squares = products.diagonal().clone()
    return products.mul_(-2.0).add_(squares).add_(squares[:, None]).clamp_(min=0.0).sqrt_().sum(1)


class CentroidSelector(Selector):
    """The choice of the filters or elements that others can replace least; the score plays no part."""

    def choose(
        self, name: str, residual: Residual, gradient: torch.Tensor | None, layout: Layout, score: Score, k: int
    ) -> torch.Tensor:
        """Choose the k blocks of largest distance."""
        v = residual.v if gradient is None else residual.accumulate(gradient)
        return highest_of_all(distances(v, layout), k)
