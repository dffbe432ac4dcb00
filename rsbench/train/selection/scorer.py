"""How training samples are scored while all are trained on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from rsbench.errors import RsbenchError
from rsbench.recipe.prune import Prune
from rsbench.train.selection.sightings import Sightings


class Scorer(ABC):
    """Scores of all training samples, from what the network says of them in the steps of the scoring phase.

    Args:
        prune: which samples are kept.
        sightings: of an epoch, with the columns and the type that the method asks for.
    """

    dtype: ClassVar[torch.dtype]
    """Of what is exchanged of a sample."""

    def __init__(self, prune: Prune, sightings: Sightings) -> None:
        self._prune, self._sightings, self._epochs = prune, sightings, 0

    @classmethod
    def columns(cls, classes: int) -> int:
        """Return how many numbers of a sample are exchanged, k, where there are so many classes."""
        return 1

    @property
    def exchanged_bytes(self) -> int:
        """Bytes that this rank handed over to exchange what the scores are made of."""
        return self._sightings.exchanged_bytes

    def see(
        self, positions: NDArray[np.int64] | torch.Tensor, probabilities: torch.Tensor, labels: torch.Tensor
    ) -> None:
        """Take what the network says of a batch in the step that trains on it.

        Args:
            positions: of the samples in the data set, int64 [b].
            probabilities: softmax of the outputs, float32 [b, C].
            labels: int64 [b].
        """
        self._sightings.write(positions, self.row(probabilities.detach(), labels))

    def end_epoch(self) -> None:
        """Exchange what was seen in an epoch; a collective call.

        Raises:
            RsbenchError: no rank saw some sample.
        """
        rows = self._sightings.exchange().numpy()
        self._epochs += 1
        self.take(rows, self._epochs)

    def scores(self) -> NDArray[np.float64]:
        """Return the scores of all samples, float64 [n], in the order of their positions; the highest are kept.

        Raises:
            RsbenchError: the scoring phase has not ended.
        """
        if self._epochs != self._prune.epochs:
            raise RsbenchError(
                f"Scores of --prune {self._prune.text} take {self._prune.epochs:,} epochs, but {self._epochs:,} ended."
            )
        return self.total()

    @abstractmethod
    def row(self, probabilities: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return what is exchanged of each sample of a batch, [b, k]."""

    @abstractmethod
    def take(self, rows: NDArray[Any], epoch: int) -> None:
        """Add an epoch to the scores.

        Args:
            rows: of all samples, [n, k].
            epoch: from 1.
        """

    @abstractmethod
    def total(self) -> NDArray[np.float64]:
        """Return the scores after the last epoch, [n]."""

    @abstractmethod
    def memory(self) -> dict[str, torch.Tensor]:
        """Return what the method keeps between epochs; the tensors are those that go on."""

    @abstractmethod
    def remember(self, memory: Mapping[str, torch.Tensor]) -> None:
        """Restore what :meth:`memory` gave."""

    def state_dict(self) -> dict[str, Any]:
        """Return all that this rank needs to go on, within an epoch too."""
        return {
            "prune": self._prune.text,
            "epochs": self._epochs,
            "sightings": self._sightings.state_dict(),
            "memory": self.memory(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave on the same rank of the same run.

        Raises:
            RsbenchError: it is of another selection or of other samples.
        """
        if state["prune"] != self._prune.text:
            raise RsbenchError(f"The checkpoint scores for --prune {state['prune']}, not for {self._prune.text}.")
        self._sightings.load_state_dict(state["sightings"])
        self._epochs = int(state["epochs"])
        self.remember(state["memory"])
