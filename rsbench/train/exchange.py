"""What the training loop asks of an exchange: gradients, or the differences of rounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import torch
from torch import nn

from rsbench.compressors import Compressor
from rsbench.loaders.batches import Batch
from rsbench.measure.heartbeat import beat
from rsbench.measure.step_timer import BucketMarks, StepTimer
from rsbench.train.open_steps import OpenStep

Losses = Callable[[Mapping[str, nn.Module], Batch], Iterator[tuple[str, torch.Tensor]]]
"""Yields the (network's name, loss) of a batch, as :meth:`rsbench.tasks.Task.losses`."""
Rates = Callable[[int, str], float]
"""Step and network -> learning rate."""
Stats = dict[str, Any] | None
"""What an exchange sent; None where there was none."""
Phase = tuple[StepTimer, Sequence[BucketMarks]]


class Exchange(Protocol):
    """How the networks of a task train and agree.

    Attributes:
        compressor: one that is registered; its hook has the clock.
    """

    compressor: Compressor

    def launch(self, step: int, steps: int, batches: Iterator[Batch]) -> list[tuple[OpenStep, Stats]]:
        """Launch local steps, at most to the next exchange; nothing is read of them.

        Args:
            step: number of the first, from 0.
            steps: that are done when the exchange is through: it ends no later.
            batches: of this rank.

        Returns:
            The steps in order, each with what the exchange at its end sent.

        Raises:
            RsbenchError: what is exchanged is not finite on some rank.
        """

    def agree(self) -> None:
        """Give all ranks the same buffers; parameters agree after each exchange."""

    @property
    def buffer_bytes(self) -> int:
        """Bytes of averaged buffers so far."""

    @property
    def bucket_count(self) -> int:
        """Buckets of an exchange."""

    def state_dict(self) -> dict[str, Any]:
        """Return this rank's networks, optimizers and ``compressors``; tensors may be those that train."""

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave on the same rank of the same run.

        Raises:
            RsbenchError: it is of another run.
        """


def loaded(batches: Iterator[Batch], step: int) -> Batch:
    """Return the batch of a step."""
    beat(f"load the batch of step {step + 1}")
    return next(batches)
