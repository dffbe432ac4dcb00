"""TDDS: how much a sample's predictions vary over windows of epochs (Zhang et al., CVPR 2024, arXiv 2311.13613)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from rsbench.recipe.prune import Prune
from rsbench.train.selection.scorer import Scorer
from rsbench.train.selection.sightings import Sightings

EPSILON: Final = 1e-8
"""Added to a probability before its logarithm is taken."""


class TDDS(Scorer):
    """Temporal dual-depth scoring.

    First depth: between two epochs a sample's distance is d_t = sum_c |p_{t+1,c} (log p_{t+1,c} - log p_{t,c})|. Second
    depth: a window of K epochs has K - 1 of them, and their deviations from their mean have a norm. The score is the
    sum of the norms of all windows; the last weighs ``decay``, each before it 1 - ``decay`` times the next.

    The last probabilities and the distances of one window are kept, not the probabilities of all epochs.

    Args:
        prune: epochs T, window K and decay.
        sightings: float32 [n, C].
    """

    dtype = torch.float32

    def __init__(self, prune: Prune, sightings: Sightings) -> None:
        super().__init__(prune, sightings)
        samples = sightings.samples
        self._last = np.zeros((samples, sightings.columns), np.float32)
        self._distances = np.zeros((prune.window - 1, samples))
        self._total = np.zeros(samples)

    @classmethod
    def columns(cls, classes: int) -> int:
        """Return C: all probabilities are exchanged."""
        return classes

    def row(self, probabilities: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return the probabilities."""
        return probabilities

    def take(self, rows: NDArray[Any], epoch: int) -> None:
        """Add the distance to the epoch before, and the norm of the window that ends here."""
        if epoch > 1:
            self._distances[:-1] = self._distances[1:]
            self._distances[-1] = distances(self._last, rows)
        self._last[:] = rows
        if epoch >= self._prune.window:
            decay, later = self._prune.decay, self._prune.epochs - epoch
            deviations = self._distances - self._distances.mean(axis=0)
            self._total += decay * (1 - decay) ** later * np.sqrt((deviations**2).sum(axis=0))

    def total(self) -> NDArray[np.float64]:
        """Return the weighted sum of the norms."""
        return self._total.copy()

    def memory(self) -> dict[str, torch.Tensor]:
        """Return the last probabilities, the window's distances and the sum."""
        parts = {"last": self._last, "distances": self._distances, "total": self._total}
        return {name: torch.from_numpy(values) for name, values in parts.items()}

    def remember(self, memory: Mapping[str, torch.Tensor]) -> None:
        """Restore them."""
        self._last[:] = memory["last"].numpy()
        self._distances[:] = memory["distances"].numpy()
        self._total[:] = memory["total"].numpy()


def distances(before: NDArray[np.float32], after: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return sum_c |q_c (log q_c - log p_c)| of each sample, [n], in float64.

    Args:
        before: probabilities p, [n, C].
        after: probabilities q of the next epoch, [n, C].
    """
    p, q = before.astype(np.float64), after.astype(np.float64)
    terms: NDArray[np.float64] = np.abs(q * (np.log(q + EPSILON) - np.log(p + EPSILON)))
    total: NDArray[np.float64] = terms.sum(axis=1)
    return total
