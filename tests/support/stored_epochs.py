"""Probabilities of all samples in all epochs, and ranks that share them: for tests of scores."""

from __future__ import annotations

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray

from rsbench.recipe.prune import parse_prune
from rsbench.train.selection.making import make_scorer
from rsbench.train.selection.scorer import Scorer


def stored(epochs: int, samples: int, classes: int, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Probabilities [T, n, C] and labels [n]."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(epochs, samples, classes)) * 3
    weights = np.exp(logits)
    return (weights / weights.sum(axis=2, keepdims=True)).astype(np.float32), rng.integers(0, classes, samples)


def show_epoch(
    scorer: Scorer,
    positions: NDArray[np.int64],
    probabilities: NDArray[np.float32],
    labels: NDArray[np.int64],
    *,
    number: int,
    batch: int = 4,
) -> None:
    """Show this rank's share of an epoch, shuffled; the last ranks repeat samples of the first, with other numbers."""
    rank, workers = dist.get_rank(), dist.get_world_size()
    order = np.random.default_rng(number).permutation(len(positions))
    padded = np.concatenate([order, order[: -len(order) % workers]])
    mine, fresh = padded[rank::workers], np.arange(len(padded))[rank::workers] < len(order)
    for begin in range(0, len(mine), batch):
        rows, new = mine[begin : begin + batch], fresh[begin : begin + batch]
        shown = np.where(new[:, None], probabilities[rows], 0.125).astype(np.float32)
        scorer.see(torch.from_numpy(positions[rows]), torch.from_numpy(shown), torch.from_numpy(labels[rows]))
    scorer.end_epoch()


def scored(text: str, probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Scores [n] of a selection, from all epochs shown in this process's group."""
    positions = 2 * np.arange(probabilities.shape[1]) + 1
    scorer = make_scorer(parse_prune(text), positions, labels, probabilities.shape[2], torch.device("cpu"))
    for number, epoch in enumerate(probabilities):
        show_epoch(scorer, positions, epoch, labels, number=number)
    return scorer.scores()
