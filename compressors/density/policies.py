"""How a layer's density follows from the network: weights of the layers in the byte budget."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Protocol

import torch

from rsbench.compressors.blocks.layout import Layout
from rsbench.compressors.density import device_rankings

_CHUNK = 1 << 16
_BINS = 1024
_PASSES = 4


class Policy(Protocol):
    """A ranking of the layers against each other, taken anew at each renewal."""

    def importance(self, parameters: Sequence[torch.Tensor], layouts: Sequence[Layout], density: float) -> list[float]:
        """Return the elements each layer would get at this density, any common scale, one number a layer."""

    def on_device(self, parameters: Sequence[torch.Tensor], density: float) -> torch.Tensor:
        """Return the same as float32 [L] on the parameters' device, without a number read on the host."""


def _chunks(parameters: Sequence[torch.Tensor]) -> Iterator[torch.Tensor]:
    """Return |w| of all parameters in pieces that fit the cache, so that no copy of a layer is made."""
    for parameter in parameters:
        for piece in torch.split(parameter.detach().reshape(-1), _CHUNK):
            yield piece.float().abs()


def kth_largest_magnitude(parameters: Sequence[torch.Tensor], k: int) -> float:
    """Return a threshold T such that about k of all |w| are at least T, by histogram passes.

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


class MeanAbs:
    """Density of a layer proportional to its mean |w|, our reading.

    RS-DGC, figure 3: layers with greater average weights hold more significance.
    """

    def importance(self, parameters: Sequence[torch.Tensor], layouts: Sequence[Layout], density: float) -> list[float]:
        """Return n_l * mean |w_l| = sum |w_l|."""
        return [sum(float(piece.double().sum()) for piece in _chunks([p])) for p in parameters]

    def on_device(self, parameters: Sequence[torch.Tensor], density: float) -> torch.Tensor:
        """Return sum |w_l|."""
        return device_rankings.mean_abs(parameters)


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

    def on_device(self, parameters: Sequence[torch.Tensor], density: float) -> torch.Tensor:
        """Return the same, T being the exact one."""
        total = sum(p.numel() for p in parameters)
        return device_rankings.global_rank(parameters, max(1, math.ceil(density * total - 1e-9)))


class Lamp:
    """Share of a layer among the ceil(r N) largest LAMP scores (Lee et al., ICLR 2021, arXiv 2010.07611).

    ``score(w_i) = w_i^2 / sum of w_j^2 over the layer's |w_j| >= |w_i|``, to the resolution of a histogram of |w| with
    bins of 0.34 % in width; weights below 2^-40 of the largest count as the lowest bin.
    """

    _bins, _octaves = 8192, 40.0

    def importance(self, parameters: Sequence[torch.Tensor], layouts: Sequence[Layout], density: float) -> list[float]:
        """Return the number of elements per layer whose score is among the largest of the network."""
        counts, scores = zip(*(self._scores(p) for p in parameters), strict=True)
        if any(c is None for c in counts):
            return [math.nan] * len(layouts)
        every, number = torch.cat(scores), torch.cat(counts)
        order = every.argsort(descending=True)
        wanted = max(1.0, math.ceil(density * float(number.sum()) - 1e-9))
        at = int(torch.searchsorted(number[order].cumsum(0), wanted))
        threshold = every[order[min(at, len(order) - 1)]]
        return [float(c[s >= threshold].sum()) for c, s in zip(counts, scores, strict=True)]

    def on_device(self, parameters: Sequence[torch.Tensor], density: float) -> torch.Tensor:
        """Return the same."""
        return device_rankings.lamp(parameters, density, self._bins, self._octaves)

    def _scores(self, parameter: torch.Tensor) -> tuple[torch.Tensor | None, torch.Tensor]:
        """Return the elements per bin of |w|, largest bin first, and their score; float64, shape [bins]."""
        largest = max(float(piece.max()) for piece in _chunks([parameter]))
        if not all(bool(piece.isfinite().all()) for piece in _chunks([parameter])):
            return None, torch.zeros(0)
        high = math.log2(largest) if largest > 0 else 0.0
        low = high - self._octaves
        counts = torch.zeros(self._bins, dtype=torch.float64)
        for piece in _chunks([parameter]):
            counts += torch.histc(piece.log2_().clamp_(low, high), self._bins, low, high).double().cpu()
        centres = low + (torch.arange(self._bins, dtype=torch.float64) + 0.5) * (self._octaves / self._bins)
        counts, squares = counts.flip(0), torch.exp2(2 * centres).flip(0)
        below = (counts * squares).cumsum(0)
        return counts, torch.where(counts > 0, squares / below.clamp(min=1e-300), 0.0)


POLICIES: dict[str, type[Policy]] = {"global_rank": GlobalRank, "mean_abs": MeanAbs, "lamp": Lamp}
"""Word of the option ``policy`` -> ranking of the layers; ``uniform`` needs none."""
