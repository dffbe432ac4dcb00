"""One pass over a tensor: accumulate the gradient, score the blocks, keep the candidates; no copy of layer size.

Two implementations with the same results to rounding: torch operations on parts that fit the cache, here, and one
compiled loop (:mod:`rsbench.compressors.kernels.tensor`), which takes over on CPUs where numba is installed.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Protocol

import torch

from rsbench.compressors.blocks.layout import Layout
from rsbench.compressors.blocks.tensor_ops import Blocks, blocks_of
from rsbench.compressors.memory.error_feedback import Residual
from rsbench.compressors.selection.scores import Pair, Score, squares

PART_ELEMENTS = 1 << 16
"""Elements of a part: three float32 arrays of them fit a cache of 1 MiB."""


@dataclasses.dataclass(frozen=True)
class Candidates:
    """Blocks whose score reached the threshold.

    Attributes:
        index: int64, shape [c], rising; at most the capacity, the first ones.
        pair: their statistics, shape [c] each.
        reached: how many reached the threshold, whether kept or not.
        first_squares: sum of squares of the first statistic over all blocks.
        second_squares: sum of squares of the second.
    """

    index: torch.Tensor
    pair: Pair
    reached: int
    first_squares: float
    second_squares: float


@dataclasses.dataclass(frozen=True)
class Cutoff:
    """Which blocks are candidates: ``score >= threshold`` under these weights.

    Attributes:
        weights: a and b of :class:`~rsbench.compressors.selection.scores.Score`.
        threshold: lowest score of a candidate.
        capacity: candidates kept at most.
    """

    weights: tuple[float, float]
    threshold: float
    capacity: int


class ThresholdPass(Protocol):
    """The pass over one tensor."""

    def __call__(
        self, residual: Residual, gradient: torch.Tensor | None, layout: Layout, score: Score, cutoff: Cutoff
    ) -> Candidates:
        """Accumulate and collect.

        Args:
            residual: the tensor's memory, changed in place.
            gradient: flat [n]; None leaves the memory as it is.
            layout: the cut into blocks.
            score: which statistics.
            cutoff: which blocks are kept.
        """


def eager_threshold_pass(
    residual: Residual, gradient: torch.Tensor | None, layout: Layout, score: Score, cutoff: Cutoff
) -> Candidates:
    """Accumulate and collect by torch operations on parts of :data:`PART_ELEMENTS`."""
    indices, firsts, seconds = [], [], []
    reached, kept, totals = 0, 0, [0.0, 0.0]
    for part in blocks_of(layout).parts(PART_ELEMENTS):
        v = residual.v[part.flat] if gradient is None else residual.accumulate(gradient[part.flat], part.flat)
        pair = score.statistics(v, part.blocks)
        for i, square in enumerate(squares(pair)):
            totals[i] += float(square)
        index = (score.combine(pair, cutoff.weights) >= cutoff.threshold).nonzero().view(-1)
        reached += index.numel()
        index = index[: cutoff.capacity - kept]
        kept += index.numel()
        if index.numel():
            indices.append(index + part.first)
            firsts.append(pair[0][index])
            seconds.append(pair[0][index] if pair[1] is None else pair[1][index])
    empty = residual.v.new_empty(0)
    first, second = (torch.cat(s) if s else empty for s in (firsts, seconds))
    index = torch.cat(indices) if indices else empty.long()
    return Candidates(index, (first, second if score.second else None), reached, totals[0], totals[1])


def sample(
    residual: Residual, gradient: torch.Tensor | None, blocks: Blocks, count: int, stride: int, score: Score
) -> Pair:
    """Return statistics of every ``stride``-th of ``count`` blocks as they will be with the gradient.

    A full block is assumed, so those of edge tiles come out too small; a sample needs no more.
    """
    index = torch.arange(stride // 2, count, stride, device=residual.v.device)
    copy = residual.at(blocks, index)
    v = copy.v if gradient is None else copy.accumulate(blocks.gather(gradient, index).view(-1))
    size = v.numel() // index.numel()
    return score.statistics(v, blocks_of(_rows(index.numel(), size)))


def _rows(blocks: int, block: int) -> Layout:
    return Layout(shape=(blocks, block), compressed=True, blocks=blocks, block=block, rows=blocks, cols=block)


def scaled_weights(score: Score, pair: Pair, share: float) -> tuple[float, float]:
    """Return the weights a and b if the blocks of ``pair`` are a ``share`` of all."""
    first, second = (float(s) / share for s in squares(pair))
    a, b = score.weights(first, second)
    return float(a), float(b)


def slack(true: tuple[float, float], used: tuple[float, float]) -> float:
    """Return the largest factor by which a score can be larger under the true weights than under those used."""
    return max((t / u if u > 0 else math.inf) if t > 0 else 0.0 for t, u in zip(true, used, strict=True))
