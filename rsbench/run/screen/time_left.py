"""The time that all cells of a run will still take, from those that have ended."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from rsbench.run.screen.cell_state import CellState


@dataclass
class TimeLeft:
    """How many cells there are and how long one takes.

    Attributes:
        total: cells of the run, as far as is known.
        done: those that have ended, one way or another.
        durations_s: of those that ran here.
    """

    total: int = 0
    done: int = 0
    durations_s: list[float] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    @property
    def elapsed_s(self) -> float:
        """Seconds since the cell began."""
        return time.monotonic() - self.began

    def left_s(self, state: CellState) -> float | None:
        """Return the seconds left for all cells, None while nothing is known."""
        cell_s = state.left_s
        if not self.durations_s and cell_s is None:
            return None
        typical_s = (
            sum(self.durations_s) / len(self.durations_s) if self.durations_s else self.elapsed_s + (cell_s or 0)
        )
        current_s = cell_s if cell_s is not None else max(0.0, typical_s - self.elapsed_s)
        return current_s + typical_s * (self.total - self.done - 1)

    def begin(self, total: int) -> None:
        """Note that a cell begins, one of so many."""
        self.began, self.total = time.monotonic(), total

    def end(self, *, timed: bool = True) -> None:
        """Note that a cell has ended, and how long it took where it ran here."""
        self.done += 1
        if timed:
            self.durations_s.append(self.elapsed_s)
