"""Which cell runs next: a list of cells, or a study (:mod:`rsbench.run.tuning`) in which some decide on others."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from rsbench.cell import CellSpec
from rsbench.planning.job import Job


class CellQueue(ABC):
    """The cells that are to run.

    Attributes:
        done: how many were done before.
    """

    done: int

    @property
    @abstractmethod
    def specs(self) -> Sequence[CellSpec]:
        """All cells of the grid, done or not, for the report."""

    @property
    def most(self) -> str:
        """How many are left, in words: ``12``, ``at most 40``."""
        return str(len(self.left()))

    @abstractmethod
    def take(self) -> Job | None:
        """Return the next cell, once all taken before have ended; None when nothing is left to do."""

    @abstractmethod
    def left(self) -> Sequence[Job]:
        """Return the cells that are still to run; of a study, the most that there can be."""

    def begin(self) -> None:
        """Prepare, once before any cell runs; a list needs nothing."""
        return

    def busy(self, job: Job) -> None:
        """Note that a cell that was taken is run by another process already; others of a list do not depend on it."""
        return

    def decided(self, job: Job) -> bool:
        """Return whether a cell that is left will run with just this learning rate, as each of a list does."""
        return True


class FixedQueue(CellQueue):
    """Cells in the order given.

    Args:
        jobs: the cells that are to run.
        specs: all cells of the grid.
    """

    def __init__(self, jobs: Sequence[Job], specs: Sequence[CellSpec] = ()) -> None:
        self.done = max(0, len(specs) - len(jobs))
        self._jobs, self._specs = list(jobs), specs

    @property
    def specs(self) -> Sequence[CellSpec]:
        """All cells of the grid, done or not."""
        return self._specs

    def take(self) -> Job | None:
        """Return the next cell of the list."""
        return self._jobs.pop(0) if self._jobs else None

    def left(self) -> Sequence[Job]:
        """Return the rest of the list."""
        return tuple(self._jobs)
