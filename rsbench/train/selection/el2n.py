"""EL2N: how far a sample's prediction is from its label (Paul et al., NeurIPS 2021, arXiv 2107.07075)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from rsbench.recipe.prune import Prune
from rsbench.train.selection.scorer import Scorer
from rsbench.train.selection.sightings import Sightings


class EL2N(Scorer):
    """The mean over the scoring epochs of the Euclidean norm of probabilities minus label.

    The paper takes the mean over several short trainings; here it is over the epochs of one.

    Args:
        prune: epochs.
        sightings: float64 [n, 1].
    """

    dtype = torch.float64

    def __init__(self, prune: Prune, sightings: Sightings) -> None:
        super().__init__(prune, sightings)
        samples = sightings.samples
        self._sum = np.zeros(samples)

    def row(self, probabilities: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return the norm of each sample."""
        wanted = functional.one_hot(labels.to(probabilities.device), probabilities.shape[1])
        return (probabilities.double() - wanted).square().sum(dim=1, keepdim=True).sqrt()

    def take(self, rows: NDArray[Any], epoch: int) -> None:
        """Add the epoch's norms."""
        self._sum += rows[:, 0]

    def total(self) -> NDArray[np.float64]:
        """Return the mean norms."""
        return self._sum / self._prune.epochs

    def memory(self) -> dict[str, torch.Tensor]:
        """Return the sum so far."""
        return {"sum": torch.from_numpy(self._sum)}

    def remember(self, memory: Mapping[str, torch.Tensor]) -> None:
        """Restore it."""
        self._sum[:] = memory["sum"].numpy()
