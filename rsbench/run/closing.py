"""The last words of a comparison and its exit code, from what the result folder holds at that moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rsbench.cell import CellSpec
from rsbench.launch.failure import Cause
from rsbench.planning.job import Job
from rsbench.results.folder import CellFolder
from rsbench.results.ledger import Ledger
from rsbench.run.ending import RunSummary
from rsbench.run.queue import CellQueue


@dataclass(frozen=True, kw_only=True)
class Closing:
    """What is left of a grid.

    Attributes:
        summary: what became of the cells that ran.
        total: number of cells of the grid, as far as a study knows it.
        done: number of those that are done now, whoever ran them.
        failed: cells that failed here and are still not done.
        left: cells that other processes run, to which they were left, and who they are, in words.
        not_begun: cells that did not run, those left to others included.
        earlier: with ``--rerun``, number of cells that are not done again and keep their numbers of before; else None.
    """

    summary: RunSummary
    total: int
    done: int
    failed: Sequence[tuple[Job, Cause]]
    left: Sequence[tuple[Job, str]]
    not_begun: Sequence[Job]
    earlier: int | None

    @classmethod
    def of(cls, queue: CellQueue, ledger: Ledger, summary: RunSummary) -> Closing:
        """Return what is left, asked of the folder: other processes may have worked on it."""
        left = queue.left()
        keys = list(dict.fromkeys([*(spec.key for spec in queue.specs), *(job.spec.key for job in left)]))
        done = ledger.done(keys)
        return cls(
            summary=summary,
            total=len(keys),
            done=len(done),
            failed=[(job, cause) for job, cause in summary.failed if job.spec.key not in done],
            left=[(job, who) for job, who in summary.left if job.spec.key not in done],
            not_begun=[job for job in left if job.spec.key not in done],
            earlier=len(ledger.with_earlier_numbers(keys)) if ledger.rerun else None,
        )

    @property
    def lost(self) -> int:
        """Number of cells that were done, and whose records are there no more."""
        return max(0, self.total - self.done - len(self.failed) - len(self.not_begun))

    @property
    def exit_code(self) -> int:
        """0 when all is done or the budget used up, 1 after a failure, 128 + the signal's number when stopped."""
        return exit_code(self.summary, is_complete=self.done == self.total, is_failed=bool(self.failed or self.lost))

    def lines(self, out: Path) -> list[str]:
        """Return what is to be said, nothing where all is done here.

        Args:
            out: the result folder.
        """
        lines = []
        if self.summary.elsewhere and self.done == self.total:
            lines.append(f"All {self.total} cells are done; another rsbench ran {self.summary.elsewhere} of them.")
        if self.lost:
            lines.append(
                f"{self.lost} of {self.total} cells were done and have no record in {out} any more: somebody removed "
                "them meanwhile. The same command runs them again."
            )
        if self.summary.stopped_by is not None and self.done < self.total:
            return [*lines, self._stopped()]
        return [*lines, *self._left_lines(), *self._over_budget(), *self._failures()]

    def _stopped(self) -> str:
        if self.earlier is None:
            if self.total == 1:
                return "Stopped: 0 of 1 cell is done. The same command goes on."
            left = self.total - self.done
            return f"Stopped: {self.done} of {self.total} cells are done. The same command runs the other {left}."
        return f"Stopped: {self.done} of {self.total} cells have run again{self._how_to_go_on()}"

    def _how_to_go_on(self) -> str:
        """Return, after ``--rerun``, what those that did not run again hold, and what runs the rest."""
        without = self.total - self.done - (self.earlier or 0)
        keep = f"; {self.earlier} keep their earlier numbers" if self.earlier else ""
        rest = f" Without --rerun, the same command runs the {without} that have none." if without else ""
        return f"{keep}.{rest}"

    def _left_lines(self) -> list[str]:
        if not self.left or self.summary.budget_ended:
            return []
        waiting = len(self.not_begun) - len(self.left)
        more = f", and {waiting} that wait for their numbers" if waiting else ""
        head = f"{len(self.left)} of {self.total} cells are left to others{more}; the report is without them:"
        return [head, *(f"  {job.spec.label}: {who}" for job, who in self.left)]

    def _over_budget(self) -> list[str]:
        if not (self.summary.budget_ended and self.not_begun):
            return []
        head = f"The budget is used up: {len(self.not_begun)} of {self.total} cells were not begun"
        end = ". The same command goes on:" if self.earlier is None else self._how_to_go_on()
        return [head + end, *(f"  {job.spec.label}" for job in self.not_begun)]

    def _failures(self) -> list[str]:
        if not self.failed:
            return []
        head = f"{len(self.failed)} of {self.total} cells failed"
        end = "; the same command runs only those again:" if self.earlier is None else self._how_to_go_on()
        return [head + end, *(f"  {job.spec.label}: {cause.reason}" for job, cause in self.failed)]


def exit_code(summary: RunSummary, *, is_complete: bool, is_failed: bool = False) -> int:
    """Return 0, 1 after a failure, or 128 + the number of a signal that left something undone (130 after Ctrl-C).

    Args:
        summary: what became of the cells that ran.
        is_complete: whether all cells are done.
        is_failed: whether something failed or got lost.
    """
    stopped_by = summary.report_stopped_by if is_complete else summary.stopped_by
    if stopped_by is not None:
        return 128 + stopped_by
    return 1 if is_failed else 0


def trace_words(out: Path, specs: Sequence[CellSpec]) -> str:
    """Return where the traces of some cells are, and what opens them."""
    files = [CellFolder.of(out, spec.folder_name).trace for spec in specs]
    written = [file for file in files if file.is_file()]
    if not written:
        return "No trace was written: cells that are done are traced with --rerun only."
    more = f" and {len(written) - 1} more beside it" if len(written) > 1 else ""
    return f"Trace: {written[0]}{more}; open it in https://ui.perfetto.dev or chrome://tracing."
