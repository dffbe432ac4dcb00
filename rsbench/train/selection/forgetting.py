"""Forgetting: how often a sample goes from right to wrong (Toneva et al., ICLR 2019, arXiv 1812.05159)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rsbench.recipe.prune import Prune
from rsbench.train.selection.scorer import Scorer
from rsbench.train.selection.sightings import Sightings


class Forgetting(Scorer):
    """The number of epochs in which a sample is wrong after it was right in the epoch before.

    A sample that was never right scores the number of epochs, which is more than any other can.

    Args:
        prune: epochs.
        sightings: uint8 [n, 1].
    """

    dtype = torch.uint8

    def __init__(self, prune: Prune, sightings: Sightings) -> None:
        super().__init__(prune, sightings)
        samples = sightings.samples
        self._is_right, self._was_right = np.zeros(samples, np.bool_), np.zeros(samples, np.bool_)
        self._forgotten = np.zeros(samples)

    def row(self, probabilities: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return 1 for each sample that is right."""
        right: torch.Tensor = probabilities.argmax(dim=1) == labels.to(probabilities.device)
        return right[:, None].to(torch.uint8)

    def take(self, rows: NDArray[Any], epoch: int) -> None:
        """Count who is forgotten."""
        now = rows[:, 0] != 0
        self._forgotten += self._is_right & ~now
        self._was_right |= now
        self._is_right[:] = now

    def total(self) -> NDArray[np.float64]:
        """Return the counts."""
        return np.where(self._was_right, self._forgotten, float(self._prune.epochs))

    def memory(self) -> dict[str, torch.Tensor]:
        """Return who is right, who ever was, and the counts."""
        parts = {"is_right": self._is_right, "was_right": self._was_right, "forgotten": self._forgotten}
        return {name: torch.from_numpy(values) for name, values in parts.items()}

    def remember(self, memory: Mapping[str, torch.Tensor]) -> None:
        """Restore them."""
        self._is_right[:] = memory["is_right"].numpy()
        self._was_right[:] = memory["was_right"].numpy()
        self._forgotten[:] = memory["forgotten"].numpy()
