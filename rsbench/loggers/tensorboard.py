"""TensorBoard: event files in the cell's folder."""

from __future__ import annotations

from collections.abc import Mapping

from torch.utils.tensorboard import SummaryWriter

from rsbench.loggers.base import Logger, RunFacts


class TensorBoard(Logger):
    """Writes the numbers as scalars against the step."""

    def begin(self, run: RunFacts) -> None:
        """Open an event file."""
        self._writer = SummaryWriter(str(run.folder))

    def log(self, step: int, scalars: Mapping[str, float]) -> None:
        """Add scalars; those of an epoch are flushed."""
        for name, value in scalars.items():
            self._writer.add_scalar(name, value, step)
        if any(name.startswith("epoch/") for name in scalars):
            self._writer.flush()

    def end(self, result: Mapping[str, float] | None) -> None:
        """End the file."""
        self._writer.close()
