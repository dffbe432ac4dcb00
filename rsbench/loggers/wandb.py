"""Weights & Biases. Runs are offline unless ``WANDB_MODE`` says ``online``: ``wandb sync`` sends them later."""

from __future__ import annotations

import os
from collections.abc import Mapping

os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # before the import: nothing is sent unasked

import wandb

from rsbench.loggers.base import Logger, RunFacts


class WeightsAndBiases(Logger):
    """Writes one run a cell, in the cell's folder or in ``WANDB_DIR``; the other variables of wandb count too."""

    def begin(self, run: RunFacts) -> None:
        """Start a run that is named as the tables name the cell."""
        run.folder.mkdir(parents=True, exist_ok=True)
        self._run = wandb.init(
            project=os.environ.get("WANDB_PROJECT", "rsbench"),
            name=run.label,
            config={**run.config, "rsbench_key": run.key},
            mode="online" if os.environ.get("WANDB_MODE") == "online" else "offline",
            dir=os.environ.get("WANDB_DIR", str(run.folder)),
            settings=wandb.Settings(console="off", save_code=False, disable_git=True, x_disable_stats=True),
        )

    def log(self, step: int, scalars: Mapping[str, float]) -> None:
        """Add numbers to the history, against a ``step`` of their own: an epoch's come after its last step's."""
        self._run.log({**scalars, "step": step})

    def end(self, result: Mapping[str, float] | None) -> None:
        """Put the result into the summary, and end the run as finished or failed."""
        self._run.summary.update(dict(result or {}))
        self._run.finish(exit_code=0 if result is not None else 1)
