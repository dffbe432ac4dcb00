"""What the user sees while cells run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from rsbench.cell import CellSpec
from rsbench.run.screen.cell_state import CellState
from rsbench.run.screen.labels import Labels
from rsbench.run.screen.time_left import TimeLeft
from rsbench.units import duration_text


class Progress(ABC):
    """Shows how far the cells of a run have come.

    Args:
        labels: the cells' names.
    """

    def __init__(self, labels: Labels) -> None:
        self._labels = labels
        self._time_left = TimeLeft()
        self._spec: CellSpec | None = None
        self._state: CellState | None = None

    def begin(self, spec: CellSpec, state: CellState, total: int) -> None:
        """Show that a cell begins.

        Args:
            spec: the cell.
            state: how far it has come, read again at each tick.
            total: all cells of the run, done ones included, as far as is known.
        """
        self._time_left.begin(total)
        self._spec, self._state = spec, state
        self._show_begin(spec, state)

    def tick(self, places: Sequence[str] = ()) -> None:
        """Show what is new; called a few times a second.

        Args:
            places: what each rank of this machine is about to do, from its heartbeats.
        """
        if self._state is None or self._spec is None:
            return
        self._state.places = places
        self._show(self._spec, self._state)
        for note in self._state.take_notes():
            self._print(f"{self._head(self._spec)}: {note}")

    @property
    def is_training(self) -> bool:
        """Whether the cell that began last has taken a step."""
        return self._state is not None and self._state.step > 0

    def end(self, spec: CellSpec, line: str, total: int) -> None:
        """Show how a cell has ended, which need not have begun here: another process may have run it."""
        self.say(spec, line, total)
        self._time_left.end(timed=self._state is not None)
        self._spec = self._state = None

    def say(self, spec: CellSpec, line: str, total: int) -> None:
        """Show a sentence about a cell."""
        self._time_left.total = total
        for part in f"{self._head(spec)}: {line}".split("\n"):
            self._print(part)

    def close(self) -> None:
        """Leave the terminal as it was, after the last cell."""
        return

    def _head(self, spec: CellSpec) -> str:
        """Return ``[2/8] rsdgc 100x``."""
        return f"[{self._time_left.done + 1}/{self._time_left.total}] {self._labels.label(spec)}"

    def _left_words(self, state: CellState) -> tuple[str, str]:
        """Return how long the cell, and all cells, will still take; empty where nothing is known."""
        cell_s, all_s = state.left_s, self._time_left.left_s(state)
        return _left(cell_s), _left(all_s)

    @abstractmethod
    def _print(self, line: str) -> None: ...

    @abstractmethod
    def _show_begin(self, spec: CellSpec, state: CellState) -> None: ...

    @abstractmethod
    def _show(self, spec: CellSpec, state: CellState) -> None: ...


def _left(seconds: float | None) -> str:
    return "" if seconds is None else f"{duration_text(seconds)} left"
