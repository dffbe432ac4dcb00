"""What sees each training step of a phase, and the end of each epoch."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import nn

from rsbench.loaders.batches import Batch, PlacedBatch
from rsbench.train.selection.scorer import Scorer


class Watcher(Protocol):
    """Sees the steps of a phase as they train. All ranks make the same calls."""

    def see(self, batch: Batch) -> None:
        """Take a batch whose loss was just computed."""

    def end_epoch(self) -> None:
        """Take the end of an epoch; a collective call."""

    @property
    def exchanged_bytes(self) -> int:
        """Bytes that this rank handed to collectives so far."""


class Unwatched:
    """Training that nobody looks at."""

    exchanged_bytes = 0

    def see(self, batch: Batch) -> None:
        """Do nothing."""

    def end_epoch(self) -> None:
        """Do nothing."""


class ScoredBatches:
    """Gives a scorer the softmax of each batch, from the forward pass that trains.

    Args:
        network: the bare network, which returns logits [B, C].
        scorer: takes the probabilities.
    """

    def __init__(self, network: nn.Module, scorer: Scorer) -> None:
        self._scorer = scorer
        self._logits: torch.Tensor | None = None
        network.register_forward_hook(self._keep)

    def _keep(self, network: nn.Module, inputs: Any, logits: torch.Tensor) -> None:
        self._logits = logits.detach()

    def see(self, batch: Batch) -> None:
        """Hand over positions, probabilities (float32 [m, C]) and labels of the samples that repeat no other."""
        assert self._logits is not None and isinstance(batch, PlacedBatch)
        seen = len(batch.positions)
        probabilities = torch.softmax(self._logits[:seen].float(), dim=1)
        self._scorer.see(torch.from_numpy(batch.positions), probabilities, batch[-1][:seen])
        self._logits = None

    def end_epoch(self) -> None:
        """Let the ranks exchange what they saw."""
        self._scorer.end_epoch()

    @property
    def exchanged_bytes(self) -> int:
        """Bytes of the scorer's exchanges so far."""
        return self._scorer.exchanged_bytes
