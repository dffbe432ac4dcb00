"""Run the cells of a plan in order; record what fails; go on."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout

from rsbench.errors import RsbenchError
from rsbench.launch.failure import Cause, failure_lines
from rsbench.launch.torchrun import Launcher, Outcome, StopSignals
from rsbench.metrics import score_text
from rsbench.planning.devices import Nodes
from rsbench.planning.job import Job, failed_record, write_job
from rsbench.results import folder as folder_module
from rsbench.results import records
from rsbench.results.provenance import utc_now
from rsbench.run.progress import CellState, Progress
from rsbench.run.queue import CellQueue
from rsbench.units import duration_text

WORDS: Final = {"timeout": "TIMED OUT", "interrupted": "STOPPED"}
"""How a cell that is not done is announced; all else is FAILED."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where and for whom cells run.

    Attributes:
        out: result folder.
        data: (data set, image size) -> folder of the prepared data.
        argv: the user's command.
        provenance: of this command.
        tensorboard: write event files.
        nodes: the machines.
        meet: called with a cell's run id before it starts, when there are several nodes: returns when all are ready.
    """

    out: Path
    data: Mapping[tuple[str, int], Path]
    argv: Sequence[str]
    provenance: Mapping[str, Any]
    tensorboard: bool = False
    nodes: Nodes = field(default_factory=Nodes)
    meet: Callable[[str], None] = lambda run_id: None

    def folder(self, job: Job) -> Path:
        """Return the cell's folder."""
        return self.out / "cells" / job.spec.folder_name


@dataclass
class RunSummary:
    """What became of the cells that ran.

    Attributes:
        done: how many gave numbers.
        failed: cell and cause of each that did not.
        stopped_by: the signal that ended the grid early, None if it ran to its end.
        not_run: cells that were not begun.
        left: their labels, where a budget ended the grid.
    """

    done: int = 0
    failed: list[tuple[Job, Cause]] = field(default_factory=list)
    stopped_by: int | None = None
    not_run: int = 0
    left: tuple[str, ...] = ()


def run(
    queue: CellQueue,
    place: Place,
    launcher: Launcher,
    progress: Progress,
    stop: StopSignals,
    budget_s: float | None = None,
) -> RunSummary:
    """Run each cell, one after the other.

    Args:
        queue: the cells that are to run.
        place: where.
        launcher: starts the workers.
        progress: what the user sees.
        stop: tells whether the user wants to end.
        budget_s: begin no cell after so many seconds.

    Returns:
        What became of them. A failed cell is recorded, and the next one runs.

    Raises:
        RsbenchError: the result folder cannot be written.
    """
    summary, began = RunSummary(), time.monotonic()
    try:
        while stop.number is None:
            left = queue.left()
            if budget_s is not None and time.monotonic() - began >= budget_s:
                summary.left = tuple(job.spec.label for job in left)
                break
            job = queue.take()
            if job is None:
                break
            if not _run_one(job, place, launcher, progress, summary, summary.done + len(summary.failed) + len(left)):
                queue.busy(job)
    finally:
        progress.close()
    summary.not_run = len(queue.left())
    summary.stopped_by = stop.number
    return summary


def _run_one(job: Job, place: Place, launcher: Launcher, progress: Progress, summary: RunSummary, total: int) -> bool:
    """Run a cell; return False where another process runs it already."""
    folder = place.folder(job)
    state = CellState(path=folder / "samples.jsonl", steps=job.steps, epochs=job.epochs)
    lock: AbstractContextManager[Any]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        alone = place.nodes.rank == 0  # nodes may share the folder
        lock = FileLock(folder / ".lock", blocking=False) if alone else nullcontext()
    except OSError as error:
        raise folder_module.folder_error(error, folder) from error
    progress.begin(job.spec.label, state, total)
    word, busy = "FAILED", False
    try:
        with lock:
            data = place.data[job.spec.dataset, job.spec.image_size]
            write_job(
                folder, job, data=data, argv=place.argv, provenance=place.provenance, tensorboard=place.tensorboard
            )
            began, started_utc = time.monotonic(), utc_now()
            run_id = f"rsbench-{job.spec.key}"
            place.meet(run_id)
            workers = job.spec.workers // place.nodes.count
            outcome = launcher.run(folder, workers_per_node=workers, run_id=run_id, tick=progress.tick)
            word = WORDS.get(outcome.status, word)
            cause = _settle(folder, job, place, outcome, started_utc)
    except Timeout:
        busy = True
        cause = Cause(reason="another rsbench is running this cell in the same folder", log=None, tail=())
    if cause is None:
        summary.done += 1
        progress.end(f"done in {duration_text(time.monotonic() - began)}{_accuracy(folder)}")
    else:
        summary.failed.append((job, cause))
        progress.end("\n".join(failure_lines(cause, word)))
    return not busy


def _settle(folder: Path, job: Job, place: Place, outcome: Outcome, started_utc: str) -> Cause | None:
    """Return why the cell is not done, after writing that down; None when its numbers are recorded."""
    if place.nodes.rank != 0:
        return outcome.cause  # node 0 keeps the records
    cause, status = outcome.cause, outcome.status
    if job.spec.key in records.find_done(place.out, [job.spec.key]):
        return None  # the numbers are whole, even if a worker stumbled while closing
    if cause is None:
        cause = Cause(reason="all workers ended, but none wrote a record", log=folder / "rank0.log", tail=(), rank=0)
        status = "failed"
    record = failed_record(
        job,
        status=status,
        reason=cause.reason,
        started_utc=started_utc,
        wall_s=outcome.wall_s,
        provenance=place.provenance,
    )
    records.write_record(folder, record)
    return cause


def _accuracy(folder: Path) -> str:
    """Return ``, test OA 91.2 %`` where the cell has one."""
    try:
        text = score_text(records.read_record(folder / folder_module.RECORD_NAME))
    except RsbenchError:
        return ""
    return f", {text}" if text else ""


def exit_code(summary: RunSummary) -> int:
    """Return 0 when all is done, 1 after a failure, 130 after Ctrl-C (128 + the signal's number)."""
    if summary.stopped_by is not None:
        return 128 + int(signal.Signals(summary.stopped_by))
    return 1 if summary.failed else 0
