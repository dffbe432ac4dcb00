"""The rankings of :mod:`rsbench.compressors.density.policies` without a number read on the host, for GPUs.

Float32 results, one a layer, that stay on the device; nan in all of them where a weight is not finite. Thresholds are
exact, from histograms of the bits of |w|, whereas on CPUs they come from histograms of its range, so that counts may
differ by the weights between. Temporaries are of a few pieces of 2^22 elements. Not run on a GPU by us so far.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch

_PIECE = 1 << 22
DIGITS = ((20, 11), (10, 10), (0, 10))
"""Shift and number of bits of each histogram."""


def _pieces(parameter: torch.Tensor) -> Iterator[torch.Tensor]:
    """Return |w| in pieces, float32."""
    for piece in torch.split(parameter.detach().reshape(-1), _PIECE):
        yield piece.float().abs()


def _norms(parameters: Sequence[torch.Tensor], order: float) -> torch.Tensor:
    """Return a norm of each layer, float64 [L]."""
    flat = [p.detach().float() for p in parameters]
    return torch.stack(torch._foreach_norm(flat, order, dtype=torch.float64))


def _unless_infinite(ranking: torch.Tensor, parameters: Sequence[torch.Tensor]) -> torch.Tensor:
    finite = _norms(parameters, math.inf).isfinite().all()
    return torch.where(finite, ranking, math.nan).to(torch.float32)


def mean_abs(parameters: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return the sum of |w| of each layer."""
    return _unless_infinite(_norms(parameters, 1.0), parameters)


def global_rank(parameters: Sequence[torch.Tensor], k: int) -> torch.Tensor:
    """Return the number of elements of each layer that are at least the k-th largest |w| of all."""
    threshold = _kth_key(parameters, k)
    counts = [
        torch.stack([(piece.view(torch.int32) >= threshold).sum() for piece in _pieces(p)]).sum() for p in parameters
    ]
    return _unless_infinite(torch.stack(counts).double(), parameters)


def _kth_key(parameters: Sequence[torch.Tensor], k: int) -> torch.Tensor:
    """Return the bits of the k-th largest |w|, as a whole number, 0-dimensional."""
    prefix = torch.zeros((), dtype=torch.int64, device=parameters[0].device)
    need = torch.full_like(prefix, k)
    for shift, bits in DIGITS:
        bins = 1 << bits
        histogram = torch.zeros(bins, dtype=torch.int64, device=prefix.device)
        for parameter in parameters:
            for piece in _pieces(parameter):
                upper = (piece.view(torch.int32) >> shift).long()
                alike = (upper >> bits) == prefix
                histogram.scatter_add_(0, upper & (bins - 1), alike.long())
        from_top = histogram.flip(0).cumsum(0)
        at = (from_top < need).sum().clamp_(max=bins - 1)
        need = need - (from_top - histogram.flip(0)).gather(0, at[None])[0]
        prefix = prefix * bins + (bins - 1 - at)
    return prefix


def lamp(parameters: Sequence[torch.Tensor], density: float, bins: int, octaves: float) -> torch.Tensor:
    """Return the number of elements of each layer whose LAMP score is among the share ``density`` of the largest.

    Args:
        parameters: of the layers.
        density: share of all elements.
        bins: of |w|, equal in its logarithm, from the layer's largest down.
        octaves: that they cover; what is smaller counts as the lowest bin.
    """
    largest = _norms(parameters, math.inf)
    high = torch.where(largest > 0, largest.log2(), 0.0)
    counts = torch.stack([_octaves(p, top, bins, octaves) for p, top in zip(parameters, high, strict=True)]).double()
    middle = (torch.arange(bins, dtype=torch.float64, device=counts.device) + 0.5) * (octaves / bins)
    squares = torch.exp2(2 * (high[:, None] - middle))
    scores = torch.where(counts > 0, squares / _running_sums(counts * squares).clamp(min=1e-300), 0.0)
    every, number = scores.reshape(-1), counts.reshape(-1)
    order = every.argsort(descending=True, stable=True)
    wanted = (number.sum() * density - 1e-9).ceil().clamp(min=1.0)
    at = torch.searchsorted(number[order].long().cumsum(0), wanted[None].long()).clamp_(max=len(order) - 1)
    return _unless_infinite((counts * (scores >= every[order[at]])).sum(1), parameters)


def _running_sums(rows: torch.Tensor) -> torch.Tensor:
    """Return ``rows.cumsum(1)``, shape [L, a multiple of 64], by products, which deterministic algorithms allow."""
    parts = rows.view(len(rows), 64, -1)
    within = parts @ torch.ones(parts.shape[2], parts.shape[2], dtype=rows.dtype, device=rows.device).triu()
    before = within[:, :, -1] @ torch.ones(64, 64, dtype=rows.dtype, device=rows.device).triu(1)
    return (within + before[:, :, None]).view(rows.shape)


def _octaves(parameter: torch.Tensor, high: torch.Tensor, bins: int, octaves: float) -> torch.Tensor:
    """Return the elements per bin of the logarithm of |w|, largest bin first; int64 [bins]."""
    histogram = torch.zeros(bins, dtype=torch.int64, device=parameter.device)
    for piece in _pieces(parameter):
        place = ((high - piece.log2_()) * (bins / octaves)).clamp_(0, bins - 1).nan_to_num_(bins - 1).long()
        histogram.scatter_add_(0, place, torch.ones_like(place))
    return histogram
