"""What this run knows of cells that other processes run in the same folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rsbench.planning.job import Job
from rsbench.results.claimant import Busy
from rsbench.results.folder import CellFolder
from rsbench.run.ending import stamp


@dataclass(frozen=True, kw_only=True)
class Others:
    """The cells that other processes hold, or held when this one looked first."""

    _records: dict[str, tuple[int, int] | None] = field(default_factory=dict, init=False)
    _holders: dict[str, Busy] = field(default_factory=dict, init=False)

    def know(self, job: Job) -> bool:
        """Tell whether another process held a cell before."""
        return job.spec.key in self._records

    def note(self, busy: Busy, cell: CellFolder, job: Job) -> bool:
        """Take note of who holds a cell now; return whether that is news."""
        key = job.spec.key
        before = self._holders.get(key)
        self._records.setdefault(key, stamp(cell))
        self._holders[key] = busy
        return before is None or (busy.claim is not None and busy.who != before.who)

    def has_ended(self, cell: CellFolder, job: Job) -> bool:
        """Tell whether another process has recorded how a cell ended, since it was seen to hold it."""
        self._holders.pop(job.spec.key, None)
        return self.know(job) and stamp(cell) != self._records[job.spec.key]

    def run_all(self, jobs: Sequence[Job]) -> bool:
        """Tell whether other processes surely run all of some cells."""
        holders = [self._holders.get(job.spec.key) for job in jobs]
        return all(busy is not None and busy.is_alive for busy in holders)

    def running(self, jobs: Sequence[Job]) -> list[tuple[Job, str]]:
        """Return which of some cells other processes run, and who does, in words."""
        return [(job, self._holders[job.spec.key].who) for job in jobs if job.spec.key in self._holders]
