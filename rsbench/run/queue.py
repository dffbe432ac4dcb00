"""Which cell runs next: a list of cells, or a study (:mod:`rsbench.run.tuning`) in which some decide on others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rsbench.cell import CellSpec
from rsbench.planning.job import Job


class CellQueue(Protocol):
    """The cells that are to run.

    Attributes:
        specs: all cells of the grid, done or not, for the report.
        done: how many were done before.
    """

    @property
    def specs(self) -> Sequence[CellSpec]:
        """All cells of the grid."""

    @property
    def done(self) -> int:
        """How many were done before."""

    @property
    def most(self) -> str:
        """How many are left, in words: ``12``, ``at most 40``."""

    def begin(self) -> None:
        """Called once before any cell runs."""

    def busy(self, job: Job) -> None:
        """A cell that was taken is run by another process already."""

    def take(self) -> Job | None:
        """The next cell, once all that were taken before have ended; None when nothing is left to do."""

    def left(self) -> Sequence[Job]:
        """The cells that are still to run; of a study, the most that there can be."""

    def decided(self, job: Job) -> bool:
        """Whether a cell that is left will run with just this learning rate."""


class FixedQueue:
    """Cells in the order given.

    Args:
        jobs: the cells that are to run.
        specs: all cells of the grid.
    """

    def __init__(self, jobs: Sequence[Job], specs: Sequence[CellSpec] = ()) -> None:
        self.specs = specs
        self.done = max(0, len(specs) - len(jobs))
        self._jobs = list(jobs)

    @property
    def most(self) -> str:
        """See :class:`CellQueue`."""
        return str(len(self._jobs))

    def begin(self) -> None:
        """See :class:`CellQueue`; a list needs nothing."""

    def busy(self, job: Job) -> None:
        """See :class:`CellQueue`; the others do not depend on it."""

    def take(self) -> Job | None:
        """See :class:`CellQueue`."""
        return self._jobs.pop(0) if self._jobs else None

    def left(self) -> Sequence[Job]:
        """See :class:`CellQueue`."""
        return tuple(self._jobs)

    def decided(self, job: Job) -> bool:
        """See :class:`CellQueue`."""
        return True
