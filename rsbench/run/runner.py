"""Cells run one after the other: what fails is recorded, and the next one runs."""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout

from rsbench.errors import RsbenchError
from rsbench.launch.failure import Cause, failure_lines
from rsbench.launch.launcher import Launcher, Outcome
from rsbench.launch.rendezvous import Rendezvous
from rsbench.launch.signals import StopSignals
from rsbench.metrics import score_text
from rsbench.planning.devices import Nodes
from rsbench.planning.job import Job, failed_record, write_job
from rsbench.results import records
from rsbench.results.folder import CellFolder, folder_error
from rsbench.results.provenance import utc_now
from rsbench.run.progress import CellState, Progress
from rsbench.run.queue import CellQueue
from rsbench.units import duration_text

BARRIER_TIMEOUT_S: Final = 3600.0
"""How long nodes wait for each other before each cell: one may be decoding images, or losing its connection slowly."""
WORDS: Final = {"timeout": "TIMED OUT", "interrupted": "STOPPED"}
"""How a cell that is not done is announced; all else is FAILED."""


@dataclass
class RunSummary:
    """What became of the cells that ran.

    Attributes:
        done: how many gave numbers.
        failed: cell and cause of each that did not.
        stopped_by: the signal that ended the run early, None if it went to its end.
        not_run: cells that were not begun.
        left: their labels, where a budget ended the run.
    """

    done: int = 0
    failed: list[tuple[Job, Cause]] = field(default_factory=list)
    stopped_by: int | None = None
    not_run: int = 0
    left: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 when all is done, 1 after a failure, 130 after Ctrl-C (128 + the signal's number)."""
        if self.stopped_by is not None:
            return 128 + int(signal.Signals(self.stopped_by))
        return 1 if self.failed else 0


@dataclass(frozen=True, kw_only=True)
class CellRunner:
    """Runs the cells of a queue one after the other.

    Attributes:
        out: result folder.
        data: (data set, image size) -> folder of the prepared data.
        argv: the user's command.
        provenance: of this command.
        launcher: starts the workers.
        progress: what the user sees.
        stop: tells whether the user wants to end.
        nodes: the machines.
        rendezvous: where several of them meet; None on one.
        tensorboard: write event files.
        budget_s: begin no cell after so many seconds; None has no limit.
    """

    out: Path
    data: Mapping[tuple[str, int], Path]
    argv: Sequence[str]
    provenance: Mapping[str, Any]
    launcher: Launcher
    progress: Progress
    stop: StopSignals
    nodes: Nodes = field(default_factory=Nodes)
    rendezvous: Rendezvous | None = None
    tensorboard: bool = False
    budget_s: float | None = None

    def run(self, queue: CellQueue) -> RunSummary:
        """Run each cell and return what became of them.

        Raises:
            RsbenchError: the result folder cannot be written.
        """
        summary, began = RunSummary(), time.monotonic()
        try:
            while self.stop.number is None:
                left = queue.left()
                if self.budget_s is not None and time.monotonic() - began >= self.budget_s:
                    summary.left = tuple(job.spec.label for job in left)
                    break
                job = queue.take()
                if job is None:
                    break
                if not self._run_one(job, summary, summary.done + len(summary.failed) + len(left)):
                    queue.busy(job)
        finally:
            self.launcher.close()
            self.progress.close()
        summary.not_run = len(queue.left())
        summary.stopped_by = self.stop.number
        return summary

    def _run_one(self, job: Job, summary: RunSummary, total: int) -> bool:
        """Run a cell; return False where another process runs it already."""
        folder = CellFolder.of(self.out, job.spec.folder_name)
        lock: AbstractContextManager[Any]
        try:
            folder.path.mkdir(parents=True, exist_ok=True)
            alone = self.nodes.rank == 0  # nodes may share the folder
            lock = FileLock(folder.lock, blocking=False) if alone else nullcontext()
        except OSError as error:
            raise folder_error(error, folder.path) from error
        self.progress.begin(job.spec.label, CellState(path=folder.samples, steps=job.steps, epochs=job.epochs), total)
        word, busy = "FAILED", False
        try:
            with lock:
                self._write_job(folder, job)
                began, started_utc = time.monotonic(), utc_now()
                outcome = self._launch(folder, job)
                word = WORDS.get(outcome.status, word)
                cause = self._settle(folder, job, outcome, started_utc)
        except Timeout:
            busy = True
            cause = Cause(reason="another rsbench is running this cell in the same folder", log=None, tail=())
        if cause is None:
            summary.done += 1
            self.progress.end(f"done in {duration_text(time.monotonic() - began)}{_accuracy(folder)}")
        else:
            summary.failed.append((job, cause))
            self.progress.end("\n".join(failure_lines(cause, word)))
        return not busy

    def _write_job(self, folder: CellFolder, job: Job) -> None:
        """Leave in the cell's folder what its workers read."""
        data = self.data[job.spec.dataset, job.spec.image_size]
        write_job(folder, job, data=data, argv=self.argv, provenance=self.provenance, tensorboard=self.tensorboard)

    def _launch(self, folder: CellFolder, job: Job) -> Outcome:
        """Run the workers of this machine, once all nodes are ready for the cell."""
        run_id = f"rsbench-{job.spec.key}"
        if self.rendezvous is not None:
            self.rendezvous.wait(run_id, BARRIER_TIMEOUT_S)
        workers = job.spec.workers // self.nodes.count
        return self.launcher.run(folder.path, workers_per_node=workers, run_id=run_id, tick=self.progress.tick)

    def _settle(self, folder: CellFolder, job: Job, outcome: Outcome, started_utc: str) -> Cause | None:
        """Return why the cell is not done, after writing that down; None when its numbers are recorded."""
        if self.nodes.rank != 0:
            return outcome.cause  # node 0 keeps the records
        cause, status = outcome.cause, outcome.status
        if job.spec.key in records.find_done(self.out, [job.spec.key]):
            return None  # the numbers are whole, even if a worker stumbled while closing
        if cause is None:
            cause = Cause(reason="all workers ended, but none wrote a record", log=folder.log(0), tail=(), rank=0)
            status = "failed"
        record = failed_record(
            job,
            status=status,
            reason=cause.reason,
            started_utc=started_utc,
            wall_s=outcome.wall_s,
            provenance=self.provenance,
        )
        records.write_record(folder.path, record)
        return cause


def _accuracy(folder: CellFolder) -> str:
    """Return ``, test OA 91.2 %`` where the cell has one."""
    try:
        text = score_text(records.read_record(folder.record))
    except RsbenchError:
        return ""
    return f", {text}" if text else ""
