"""Choosing the k highest scores of a tensor while its gradient is accumulated, exactly, without sorting all of it."""

from __future__ import annotations

import math
import zlib

import numpy as np
import torch
from numpy.typing import NDArray

from rsbench.compressors.blocks.layout import Layout
from rsbench.compressors.blocks.tensor_ops import blocks_of
from rsbench.compressors.memory.error_feedback import Residual
from rsbench.compressors.selection.hints import FIRST_AIM, Hint, Hints
from rsbench.compressors.selection.scores import Score
from rsbench.compressors.selection.threshold_pass import (
    Candidates,
    Cutoff,
    ThresholdPass,
    sample,
    scaled_weights,
    slack,
)

SMALL = 1 << 10
"""Up to this many blocks all scores are computed; sampling would cost more."""
_ROOM = 1 << 13
_SAMPLE = 1 << 12
_SAMPLE_SHARE = 64
_CORRECTIONS = 10
LEAST = 1e-30
"""Lowest threshold; scores below count as zero."""
_MANY, _FEW = 256, 64
_RAISE, _LOWER, _MISSED = 1.005, 0.99, 0.98


def takes_all(blocks: int, k: int) -> bool:
    """Return whether every block is a candidate: few blocks, or many of them wanted."""
    return blocks <= SMALL or 8 * k > blocks


def capacity(k: int) -> int:
    """Return the candidates kept at most where k are wanted."""
    return max(4 * k, k + _ROOM)


class Selector:
    """What accumulates a gradient and chooses blocks; one object a compressor, its hints are keyed by tensor name."""

    def choose(
        self, name: str, residual: Residual, gradient: torch.Tensor | None, layout: Layout, score: Score, k: int
    ) -> torch.Tensor:
        """Take the gradient in and return the k blocks of highest score, as the memory then stands.

        Args:
            name: of the tensor.
            residual: its memory, changed in place.
            gradient: flat, shape [n]; None where it was accumulated before.
            layout: its cut into J blocks.
            score: importance of a block.
            k: 1 <= k <= J.

        Returns:
            int64, shape [k], rising.
        """
        raise NotImplementedError

    def state(self) -> dict[str, list[float]]:
        """Return the hints to save, tensor name -> numbers."""
        return {}

    def load(self, state: dict[str, list[float]]) -> None:
        """Restore :meth:`state`."""


class ExactSelector(Selector):
    """Scores of all blocks, then ``torch.topk``: the reference, and what GPUs do with tensors outside whole buckets.

    Makes a few temporaries of J scores. Not run on a GPU by us so far.
    """

    def choose(
        self, name: str, residual: Residual, gradient: torch.Tensor | None, layout: Layout, score: Score, k: int
    ) -> torch.Tensor:
        """Choose by the scores of all blocks."""
        scores = score(residual.v if gradient is None else residual.accumulate(gradient), blocks_of(layout))
        # squares can overflow where gradients are finite; still k blocks are sent
        return highest_of_all(scores.nan_to_num_(nan=math.inf), k)


class SampledSelector(Selector):
    """Candidates by a threshold in one pass, and an exact choice among them.

    The threshold comes from a strided sample (DGC, Lin et al. 2018, section 3), and after a tensor's first step from
    the k-th score of the step before, times a factor that is steered towards 1.5 k to 3 k candidates. At least k and at
    most ``max(4 k, k + 8,192)`` candidates are accepted, a hard cap. NSI's norms are known only after the pass: the
    candidates are then scored anew, and if a block that was left out could still belong to the k best, a second pass
    over v with the right norms follows. So the result is the exact top k; only after ten corrections (more equal scores
    than the cap, say) it is the best k of the candidates kept.

    Args:
        threshold_pass: the pass.
    """

    def __init__(self, threshold_pass: ThresholdPass) -> None:
        self._threshold_pass = threshold_pass
        self.hints = Hints()

    def choose(
        self, name: str, residual: Residual, gradient: torch.Tensor | None, layout: Layout, score: Score, k: int
    ) -> torch.Tensor:
        """Choose among the candidates of one pass, or of more where that is not exact."""
        if takes_all(layout.blocks, k):
            return ExactSelector().choose(name, residual, gradient, layout, score, k)
        hint = self.hints.get(name)
        if hint:
            cutoff = Cutoff((hint.a, hint.b), max(hint.lowest * hint.aim, LEAST), capacity(k))
        else:
            cutoff = self._sampled(residual, gradient, layout, score, k, 0)
        candidates = self._threshold_pass(residual, gradient, layout, score, cutoff)
        aim = _next_aim(hint.aim, candidates.reached, k) if hint else FIRST_AIM
        for turn in range(1, _CORRECTIONS + 1):
            index, lowest, weights = self._best(candidates, score, k)
            if index is not None and candidates.reached <= cutoff.capacity:
                bound = cutoff.threshold * slack(weights, cutoff.weights)
                if lowest >= bound or cutoff.threshold <= LEAST:
                    break
                cutoff = Cutoff(weights, lowest * (1 - 1e-6), capacity(k))
            elif candidates.reached < k and cutoff.threshold <= LEAST:
                index = self._filled(candidates.index, k, layout.blocks)
                break
            else:
                cutoff = self._sampled(residual, None, layout, score, k, turn)
            candidates = self._threshold_pass(residual, None, layout, score, cutoff)
        else:
            index, lowest, weights = self._best(candidates, score, min(k, candidates.index.numel()))
            index = self._filled(candidates.index[:0] if index is None else index, k, layout.blocks)
        self.hints.set(name, Hint(*weights, lowest, aim))
        return index

    def _sampled(
        self, residual: Residual, gradient: torch.Tensor | None, layout: Layout, score: Score, k: int, turn: int
    ) -> Cutoff:
        """Return weights and threshold from a strided sample, denser and more generous at each turn."""
        stride = max(1, layout.blocks // (_SAMPLE + layout.blocks // _SAMPLE_SHARE) >> turn) | 1
        while any(stride % prime == 0 for prime in (3, 5, 7)):
            stride += 2
        pair = sample(residual, gradient, blocks_of(layout), layout.blocks, stride, score)
        share = pair[0].numel() / layout.blocks
        weights = scaled_weights(score, pair, share)
        expected = k * share
        rank = math.ceil(expected + 2 * math.sqrt(expected) + 1)
        scores = score.combine(pair, weights)
        threshold = float(torch.topk(scores, min(rank, scores.numel())).values[-1])
        return Cutoff(weights, max(threshold, LEAST), capacity(k))

    def _best(
        self, candidates: Candidates, score: Score, k: int
    ) -> tuple[torch.Tensor | None, float, tuple[float, float]]:
        """Return the k best candidates under the true norms, their lowest score, and the true weights."""
        weights = score.weights(candidates.first_squares, candidates.second_squares)
        if k == 0 or candidates.index.numel() < k:
            return None, 0.0, weights
        scores = score.combine(candidates.pair, weights)
        # squares can overflow where gradients are finite; still k blocks are sent
        return *highest(scores.nan_to_num(nan=math.inf), candidates.index, k), weights

    @staticmethod
    def _filled(index: torch.Tensor, k: int, blocks: int) -> torch.Tensor:
        """Add blocks of score zero, the lowest numbers first, until there are k."""
        free = torch.ones(min(blocks, k + index.numel()), dtype=torch.bool)
        free[index[index < free.numel()]] = False
        return torch.cat([index, free.nonzero().view(-1)[: k - index.numel()]]).sort().values

    def state(self) -> dict[str, list[float]]:
        """Return the :class:`Hint` of each tensor as a list."""
        return {name: list(hint) for name in self.hints.places if (hint := self.hints.get(name))}

    def load(self, state: dict[str, list[float]]) -> None:
        """Restore :meth:`state`."""
        self.hints.load(state)


def _next_aim(aim: float, reached: int, k: int) -> float:
    """Return the threshold's next factor, after a pass that met so many candidates for k places.

    Aims at 1.5 k to 3 k: a list here holds ``capacity(k)`` candidates, and one too many costs a sample and another
    pass, as one too few does. The loops over a bucket reckon it from what they count above the threshold
    (``rsbench.compressors.kernels.element_loops.next_aim``).
    """
    if reached < k:
        return aim * _MISSED
    return aim * (_RAISE if reached > 3 * k + _MANY else _LOWER if reached < 1.5 * k + _FEW else 1.0)


def highest(scores: torch.Tensor, index: torch.Tensor, k: int) -> tuple[torch.Tensor, float]:
    """Return the entries of ``index`` [c] at the k highest scores [c], of equal ones the first; the k-th score. CPU."""
    chosen, lowest = _chosen(scores.numpy(), k)  # a few thousand at most: numpy starts sooner than torch
    return torch.from_numpy(index.numpy()[chosen]), lowest


def highest_of_all(scores: torch.Tensor, k: int) -> torch.Tensor:
    """Return the indices of the k highest scores [J] (no nan), int64 [k], rising; the first of equals on a CPU."""
    if scores.device.type == "cpu":
        return torch.from_numpy(np.flatnonzero(_chosen(scores.numpy(), k)[0]))
    return torch.topk(scores, k, sorted=False).indices.sort().values


def _chosen(scores: NDArray[np.float32], k: int) -> tuple[NDArray[np.bool_], float]:
    """Return whether each score is among the k highest, of equal ones the first; and the k-th."""
    lowest = np.partition(scores, scores.size - k)[scores.size - k]
    chosen: NDArray[np.bool_] = scores >= lowest
    surplus = int(np.count_nonzero(chosen)) - k
    if surplus:
        chosen[np.flatnonzero(scores == lowest)[-surplus:]] = False
    return chosen, float(lowest)


class RandomSelector(Selector):
    """Random-k without a random state to keep: one block at random out of each of k equal strata.

    Every block is as likely as every other (to rounding of J / k). The draw depends on seed, rank, tensor and its
    number only, so that a resumed run goes on alike, and never touches the global generator. Stratification is ours.

    Args:
        seed: of the draw; each rank its own.
    """

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._draws: dict[str, int] = {}

    def choose(
        self, name: str, residual: Residual, gradient: torch.Tensor | None, layout: Layout, score: Score, k: int
    ) -> torch.Tensor:
        """Choose at random; the score plays no part."""
        device = (residual.v if gradient is None else residual.accumulate(gradient)).device
        return self.draw(name, layout.blocks, k, device)

    def draw(self, name: str, blocks: int, k: int, device: torch.device) -> torch.Tensor:
        """Return k of a tensor's blocks, int64 [k], rising."""
        self._draws[name] = self._draws.get(name, 0) + 1
        seed = zlib.crc32(f"{self._seed}:{name}:{self._draws[name]}".encode())
        rng = torch.Generator(device).manual_seed(seed)
        edges = torch.arange(k + 1, device=device) * blocks // k
        share = torch.rand(k, generator=rng, dtype=torch.float64, device=device)
        return edges[:-1] + (share * edges.diff()).long()

    def state(self) -> dict[str, list[float]]:
        """Return how often each tensor drew."""
        return {name: [draws] for name, draws in self._draws.items()}

    def load(self, state: dict[str, list[float]]) -> None:
        """Restore :meth:`state`."""
        self._draws = {name: int(draws) for name, (draws,) in state.items()}
