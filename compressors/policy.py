"""How a layer's density follows from the network: weights of the layers in the byte budget."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Protocol

import torch

from rsbench.compressors.layout import Layout

_CHUNK = 1 << 22
_BINS = 1024
_PASSES = 4


class Policy(Protocol):
    """Ranks layers against each other at a renewal."""

    def importance(self, parameters: Sequence[torch.Tensor], layouts: Sequence[Layout], density: float) -> list[float]:
        """Return the elements each layer would get at this density, any common scale, one number a layer."""


def _chunks(parameters: Sequence[torch.Tensor]) -> Iterator[torch.Tensor]:
    """|w| of all parameters in pieces of at most 4 M elements, so that no copy of a layer is made."""
    for parameter in parameters:
        for piece in torch.split(parameter.detach().reshape(-1), _CHUNK):
            yield piece.float().abs()


def kth_largest_magnitude(parameters: Sequence[torch.Tensor], k: int) -> float:
    """A threshold T such that about k of all |w| are at least T, by histogram passes.

    Args:
        parameters: any shapes, read in pieces.
        k: 1 <= k <= number of elements.

    Returns:
        T to a relative precision of 1024^-4 of the largest |w| (float32 resolves less); nan where a weight is not
        finite.
    """
    largest = [float(piece.max()) for piece in _chunks(parameters)]
    if not all(map(math.isfinite, largest)):  # max() of a list would lose a nan
        return math.nan
    low, high = 0.0, max(largest)
    wanted = k
    for _ in range(_PASSES):
        if high <= low:
            break
        histogram = torch.zeros(_BINS, dtype=torch.float64)
        for piece in _chunks(parameters):
            histogram += torch.histc(piece, _BINS, low, high).double().cpu()
        from_top = histogram.flip(0).cumsum(0)
        above = int(torch.searchsorted(from_top, float(wanted)))
        above = min(above, _BINS - 1)
        wanted -= int(from_top[above - 1]) if above else 0
        width = (high - low) / _BINS
        low, high = high - (above + 1) * width, high - above * width
    return low


class Uniform:
    """The same density in every layer."""

    def importance(self, parameters: Sequence[torch.Tensor], layouts: Sequence[Layout], density: float) -> list[float]:
        """Return each layer's number of elements."""
        return [float(layout.numel) for layout in layouts]


class MeanAbs:
    """Density of a layer proportional to its mean |w|, our reading.

    RS-DGC, figure 3: layers with greater average weights hold more significance.
    """

    def importance(self, parameters: Sequence[torch.Tensor], layouts: Sequence[Layout], density: float) -> list[float]:
        """Return n_l * mean |w_l| = sum |w_l|."""
        return [sum(float(piece.double().sum()) for piece in _chunks([p])) for p in parameters]


class GlobalRank:
    """Share of a layer among the ceil(r N) largest |w| of the network.

    RS-DGC's cross-layer ranking (Xie et al. 2024, figure 3), our reading.
    """

    def importance(self, parameters: Sequence[torch.Tensor], layouts: Sequence[Layout], density: float) -> list[float]:
        """Return the number of elements with |w| >= T per layer, T as in :func:`kth_largest_magnitude`."""
        total = sum(layout.numel for layout in layouts)
        threshold = kth_largest_magnitude(parameters, max(1, math.ceil(density * total - 1e-9)))
        if math.isnan(threshold):
            return [math.nan] * len(layouts)
        return [float(sum(int((piece >= threshold).sum()) for piece in _chunks([p]))) for p in parameters]


POLICIES: dict[str, type[Policy]] = {"uniform": Uniform, "global_rank": GlobalRank, "mean_abs": MeanAbs}
