"""Which cell runs next: a list of cells, or a study (:mod:`rsbench.run.tuning`) in which some decide on others."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from rsbench.cell import CellSpec
from rsbench.planning.job import Job
from rsbench.units import count_text


class CellQueue(ABC):
    """The cells that are to run. Each is taken once, unless it is put back.

    Attributes:
        done: how many were done before.
    """

    done: int
    is_at_most: bool = False
    """Whether fewer cells than are left may run, because some decide on others."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._turns: dict[str, int] = {}

    @property
    @abstractmethod
    def specs(self) -> Sequence[CellSpec]:
        """All cells of the grid, done or not, for the report."""

    @property
    def most(self) -> str:
        """How many are left, in words: ``12 cells``, ``at most 40 cells``."""
        return f"{'at most ' if self.is_at_most else ''}{count_text(len(self.left()), 'cell')}"

    @abstractmethod
    def ready(self) -> Sequence[Job]:
        """Return the cells that may run now, in their order; those that were taken have ended."""

    @abstractmethod
    def left(self) -> Sequence[Job]:
        """Return the cells that are still to run; of a study, the most that there can be."""

    def take(self) -> Job | None:
        """Return the next cell, once all taken before have ended; None when nothing is left to do.

        A cell that was put back comes after all others that may run, and after those put back before it.
        """
        job = min(self.ready(), key=lambda job: self._turns.get(job.spec.key, 0), default=None)
        if job is not None:
            self._taken.add(job.spec.key)
        return job

    def put_back(self, job: Job) -> None:
        """Note that a cell that was taken is run by another process already: it is asked for again later."""
        self._taken.discard(job.spec.key)
        self._turns[job.spec.key] = 1 + max(self._turns.values(), default=0)

    def mark(self) -> None:
        """Write into the records what only the queue knows; a list knows nothing."""
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
        super().__init__()
        self.done = max(0, len(specs) - len(jobs))
        self._jobs, self._specs = list(jobs), specs

    @property
    def specs(self) -> Sequence[CellSpec]:
        """All cells of the grid, done or not."""
        return self._specs

    def ready(self) -> Sequence[Job]:
        """Return all that is left: no cell waits for another."""
        return self.left()

    def left(self) -> Sequence[Job]:
        """Return the cells that were not taken."""
        return tuple(job for job in self._jobs if job.spec.key not in self._taken)
