"""Choosing the k highest scores of a tensor, exactly, without sorting all of it."""

from __future__ import annotations

import math

import torch

SMALL = 1 << 16
"""Up to this many scores a plain top-k is as fast as sampling."""
_SAMPLE_SHARE = 64
_CORRECTIONS = 10
_ACCEPT = 4.0


def _stride(n: int) -> int:
    """About n / (sample size), odd and not a multiple of 3, 5 or 7: coprime to kernel sizes."""
    size = max(n // _SAMPLE_SHARE, SMALL // 4)
    stride = max(1, n // size)
    while any(stride % prime == 0 for prime in (2, 3, 5, 7)) and stride > 1:
        stride -= 1
    return stride


def _candidates(scores: torch.Tensor, k: int, turn: int) -> torch.Tensor | None:
    """Positions of at least k and at most max(4k, k + 65,536) scores that include the k highest, or None."""
    n = scores.numel()
    stride = _stride(n)
    sample = scores[turn % stride :: stride]
    expected = k * sample.numel() / n
    rank = expected + 2 * math.sqrt(expected) + 1
    ordered = torch.topk(sample, min(sample.numel(), math.ceil(2 * rank))).values
    for _ in range(_CORRECTIONS):
        at = min(math.ceil(rank), ordered.numel()) - 1
        mask = scores >= ordered[at]
        found = int(torch.count_nonzero(mask))
        if k <= found <= max(_ACCEPT * k, k + SMALL):
            return mask.nonzero().squeeze(1)
        if found > k or at == ordered.numel() - 1:
            return None
        rank *= 1.3
    return None


def top_indices(scores: torch.Tensor, k: int, turn: int = 0) -> torch.Tensor:
    """Positions of the k highest scores.

    A threshold from a strided sample of 1/64 of the scores (DGC, Lin et al. 2018, section 3) cuts them down to between
    k and max(4k, k + 65,536) candidates, among which the choice is exact; so the result has exactly k positions, and
    is the exact top-k up to ties. Where the sample misleads (constant scores, say), a plain top-k takes over.

    Args:
        scores: shape [J], float32, finite.
        k: how many, 1 <= k <= J.
        turn: moves the start of the sample; the step number will do.

    Returns:
        int64, shape [k], in no particular order.
    """
    if scores.numel() > SMALL and k * 8 < scores.numel():
        candidates = _candidates(scores, k, turn)
        if candidates is not None:
            return candidates[torch.topk(scores[candidates], k, sorted=False).indices]
    return torch.topk(scores, k, sorted=False).indices
