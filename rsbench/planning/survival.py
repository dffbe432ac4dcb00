"""What a run does to survive: checkpoints, and workers that are started again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsbench.errors import RsbenchError


@dataclass(frozen=True, kw_only=True)
class Survival:
    """What the user asked of checkpoints and restarts.

    Attributes:
        checkpoints: save, and go on from what was saved.
        every: steps from one checkpoint to the next; None leaves it to epochs and time.
        reset_compressor: go on without the state of the compressor.
        max_restarts: how often the workers of a cell are started again after they were killed or hung.

    Raises:
        RsbenchError: options that contradict each other.
    """

    checkpoints: bool = True
    every: int | None = None
    reset_compressor: bool = False
    max_restarts: int = 0

    def __post_init__(self) -> None:
        if self.checkpoints:
            return
        for option, is_given in (("--checkpoint-every", self.every), ("--reset-compressor", self.reset_compressor)):
            if is_given:
                raise RsbenchError(f"{option} is about checkpoints, and --no-checkpoints wants none: give one of them.")

    def order(self, folder: Path) -> dict[str, Any] | None:
        """Return what a job says of checkpoints, None where none are wanted.

        Args:
            folder: of the cell's checkpoints.
        """
        if not self.checkpoints:
            return None
        return {"folder": str(folder), "every": self.every, "reset_compressor": self.reset_compressor}
