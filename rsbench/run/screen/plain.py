"""Progress in short lines, for logs and pipes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from rsbench.cell import CellSpec
from rsbench.run.screen.cell_state import STEPPING, CellState
from rsbench.run.screen.labels import Labels
from rsbench.run.screen.progress import Progress

SHORTEST_INTERVAL_S: Final = 5.0
LONGEST_INTERVAL_S: Final = 60.0
_SHARE: Final = 0.05
"""Part of a cell's time so far that passes between two lines: long cells make no long logs."""
_DETAILS: Final = 2
"""How many details a line has."""
_TRAINING: Final = frozenset(STEPPING.values())
"""What an activity begins with while a cell trains."""


class PlainProgress(Progress):
    """A line at each phase, and every few seconds while a cell trains.

    Args:
        labels: the cells' names.
        write: takes each line.
    """

    def __init__(self, labels: Labels, write: Callable[[str], None]) -> None:
        super().__init__(labels)
        self._write = write
        self._said_at, self._said = 0.0, ""

    def _print(self, line: str) -> None:
        self._write(line)

    def _show_begin(self, spec: CellSpec, state: CellState) -> None:
        self._said = ""

    def _show(self, spec: CellSpec, state: CellState) -> None:
        state.read()
        kind = state.activity.rstrip(" 0123456789/")
        interval_s = min(LONGEST_INTERVAL_S, max(SHORTEST_INTERVAL_S, _SHARE * self._time_left.elapsed_s))
        if kind == self._said and not (kind in _TRAINING and time.monotonic() - self._said_at >= interval_s):
            return
        self._said_at, self._said = time.monotonic(), kind
        words = [state.activity, *(self._training_words(state) if kind in _TRAINING else [])]
        self._print(f"{self._head(spec)}: {', '.join(words)}")

    def _training_words(self, state: CellState) -> list[str]:
        """Return how training goes and how long it will take."""
        cell, everything = self._left_words(state)
        is_last = self._time_left.done + 1 >= self._time_left.total
        left = cell if is_last or not everything else f"{cell} (all: {everything.removesuffix(' left')})"
        return [*state.details()[:_DETAILS], *filter(None, [left])]
