"""How replaceable the filters or elements of a gradient are: their distance to the others (GCC, our reading)."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import torch

from rsbench.compressors.blocks.layout import Layout
from rsbench.compressors.memory.error_feedback import Residual
from rsbench.compressors.selection.scores import Score
from rsbench.compressors.selection.selectors import Selector, highest_of_all

_LEAST_EXPONENT, _LARGEST_EXPONENT = -100, 126
"""Powers of two by which values are scaled: neither they nor their inverses overflow."""


def distances(v: torch.Tensor, layout: Layout) -> torch.Tensor:
    """Return the distance of each filter or element: the smaller, the better others can stand in for it.

    Args:
        v: float32, shape [n].
        layout: of a convolution (more than two dimensions) or a matrix.

    Returns:
        Float32, shape [J]: of a matrix ``|v_j - mean v|``; of filters the sums of their Euclidean distances to all
        others, times a power of two. inf where a value is nan.
    """
    rows = v.view(layout.blocks, layout.block)
    sums = _sums_of_distances(rows) if len(layout.shape) > 2 else (v - v.mean()).abs_()
    return sums.nan_to_num_(nan=math.inf)


def filter_products(gradients: Iterable[torch.Tensor]) -> None:
    """Multiply the filters of each gradient [F, ...] with each other, as :func:`distances` does: its floor."""
    for gradient in gradients:
        _products(gradient.flatten(1))


def _products(rows: torch.Tensor) -> torch.Tensor:
    """Return ``rows @ rows.T``; on a CPU by NumPy, which knows that it is symmetric and does half of the work."""
    if rows.device.type == "cpu":
        with np.errstate(all="ignore"):  # inf and nan pass on
            return torch.from_numpy(rows.numpy() @ rows.numpy().T)
    return rows @ rows.T


def _centred(rows: torch.Tensor) -> torch.Tensor:
    """Return the rows less their mean, times a power of two after which no square overflows or vanishes."""
    low, high = torch.aminmax(rows)
    exponent = torch.frexp(torch.maximum(high, -low)).exponent.clamp_(_LEAST_EXPONENT, _LARGEST_EXPONENT)
    scale = torch.ldexp(torch.ones_like(low), -exponent)
    mean = rows.T.mv(rows.new_full((len(rows),), 1.0 / len(rows)))
    return torch.addcmul(mean.mul_(-scale), rows, scale)


def _sums_of_distances(rows: torch.Tensor) -> torch.Tensor:
    """Sum over i of ||row_j - row_i|| for each j, from one product of the rows with each other, up to a common factor.

    ``||a - b||^2 = a.a + b.b - 2 a.b`` cancels where rows are close beside their length, so the mean row is taken out
    first, which changes no distance.

    Args:
        rows: float32, shape [F, K].
    """
    products = _products(_centred(rows))
    squares = products.diagonal()
    return torch.add(squares, products, alpha=-2.0).add_(squares[:, None]).clamp_(min=0.0).sqrt_().sum(1)


class CentroidSelector(Selector):
    """The choice of the filters or elements that others can replace least; the score plays no part."""

    def choose(
        self, name: str, residual: Residual, gradient: torch.Tensor | None, layout: Layout, score: Score, k: int
    ) -> torch.Tensor:
        """Choose the k blocks of largest distance."""
        v = residual.v if gradient is None else residual.accumulate(gradient)
        return highest_of_all(distances(v, layout), k)
