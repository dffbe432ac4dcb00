"""Cells run one after the other: what fails is recorded, and the next one runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from rsbench import compressors
from rsbench.errors import RsbenchError
from rsbench.launch.failure import Cause
from rsbench.launch.launcher import Launcher, Outcome
from rsbench.launch.rendezvous import Rendezvous
from rsbench.launch.signals import StopSignals
from rsbench.planning.devices import Nodes
from rsbench.planning.job import Job, write_job
from rsbench.planning.survival import Survival
from rsbench.results import attempts
from rsbench.results.claimant import Busy, Claimant, Hold, Lost
from rsbench.results.folder import CellFolder, folder_error, remove
from rsbench.results.ledger import Ledger
from rsbench.results.provenance import utc_now
from rsbench.results.reached import note_reached
from rsbench.run.ending import Ending, RunSummary, failure_elsewhere, settle
from rsbench.run.others import Others
from rsbench.run.queue import CellQueue
from rsbench.run.screen.cell_state import SCORING, CellState
from rsbench.run.screen.progress import Progress

BARRIER_TIMEOUT_S: Final = 3600.0
"""How long nodes wait for each other before each cell: one may be decoding images, or losing its connection slowly."""
POLL_S: Final = 0.2
"""Between two looks at cells that another process runs."""
_STOPPING: Final = "stopping{}; Ctrl-C again stops at once"


@dataclass(frozen=True, kw_only=True)
class CellRunner:
    """Runs the cells of a queue one after the other.

    A cell that another process runs, on this machine or another, is left to it; when nothing else can run, its end is
    waited for.

    Attributes:
        out: result folder.
        ledger: which cells count as done.
        token: of this comparison, the same on all its nodes.
        data: (data set, image size) -> folder of the prepared data.
        argv: the user's command.
        provenance: of this command.
        launcher: starts the workers.
        progress: what the user sees.
        stop: tells whether the user wants to end.
        nodes: the machines.
        rendezvous: where several of them meet; None on one.
        loggers: names of loggers that get the numbers, too.
        trace: write a trace of some steps.
        keep_weights: write the final weights.
        survival: checkpoints and restarts.
        budget_s: begin no cell after so many seconds; None has no limit.
        leave_busy: end when only cells are left that other processes run.
        claimant: claims cells for this process.
    """

    out: Path
    ledger: Ledger
    token: str
    data: Mapping[tuple[str, int], Path]
    argv: Sequence[str]
    provenance: Mapping[str, Any]
    launcher: Launcher
    progress: Progress
    stop: StopSignals
    nodes: Nodes = field(default_factory=Nodes)
    rendezvous: Rendezvous | None = None
    loggers: Sequence[str] = ()
    trace: bool = False
    keep_weights: bool = False
    survival: Survival = field(default_factory=Survival)
    budget_s: float | None = None
    leave_busy: bool = False
    claimant: Claimant = field(default_factory=Claimant)
    _others: Others = field(default_factory=Others, init=False)

    def run(self, queue: CellQueue) -> RunSummary:
        """Run each cell and return what became of them.

        Raises:
            RsbenchError: the nodes do not meet.
        """
        summary, began = RunSummary(), time.monotonic()
        try:
            while self.stop.number is None:
                if self.budget_s is not None and time.monotonic() - began >= self.budget_s:
                    summary.budget_ended = True
                    break
                total = summary.ended + len(queue.left())
                job = queue.take()
                if job is None:
                    break
                ending = self._turn(job, total)
                if ending is not None:
                    summary.add(job, ending)
                    self.progress.end(job.spec, ending.line, total)
                    continue
                queue.put_back(job)
                if self.leave_busy and self._others.run_all(queue.ready()):
                    break
        finally:
            self.launcher.close()
            self.progress.close()
        summary.stopped_by = self.stop.number
        summary.left += self._others.running(queue.left()) if self.leave_busy else []
        return summary

    def _turn(self, job: Job, total: int) -> Ending | None:
        """Run a cell that this process holds; None where another process holds it."""
        cell = CellFolder.of(self.out, job.spec.folder_name)
        if self._others.know(job):  # all that may run is busy
            time.sleep(POLL_S)
        with ExitStack() as held:
            try:
                hold = held.enter_context(self.claimant.take(cell))
                ready = self._ready(hold, cell, job, total)
            except Busy as busy:
                self._note_busy(busy, cell, job, total)
                return None
            except OSError as problem:
                ready = Ending.failure(Cause(reason=str(folder_error(problem, cell.path)), log=None, tail=()))
            except RsbenchError as problem:
                ready = Ending.failure(Cause(reason=str(problem), log=None, tail=()))
            if isinstance(ready, Ending):
                return ready
            return self._run_held(hold, cell, ready, job, total)

    def _run_held(self, hold: Hold, cell: CellFolder, attempt: CellFolder, job: Job, total: int) -> Ending | None:
        """Run a cell while it is this process's; None where another process has taken it over meanwhile."""
        try:
            started_utc = utc_now()
            outcome = self._launch_until_done(cell, attempt, job, total, hold.touch)
            with suppress(OSError):  # told when its files take their places
                hold.check()
            ending = settle(cell, attempt, job, outcome, started_utc, self.provenance, self.ledger)
            if self.rendezvous is not None and ending.status == "done":
                self.rendezvous.recorded = job.spec.key
            return ending
        except Lost as lost:
            attempts.drop(attempt)
            self.progress.say(job.spec, f"{lost}; the end of the other is waited for", total)
            return None

    def _ready(self, hold: Hold, cell: CellFolder, job: Job, total: int) -> CellFolder | Ending:
        """Return the folder of a try at a cell that is held; how the cell ended where another process has run it.

        Raises:
            OSError: its folder cannot be used.
            RsbenchError: likewise.
        """
        key = job.spec.key
        attempts.settle(cell, key)
        record = self.ledger.done([key]).get(key)
        if record is not None:
            return Ending.elsewhere(record)
        if self._others.has_ended(cell, job):
            failed = failure_elsewhere(cell)
            if failed is not None:
                return failed
        if self.ledger.rerun:
            remove(cell.checkpoints)
        if hold.dead is not None:
            self.progress.say(job.spec, hold.dead.line, total)
        attempt = attempts.begin(cell, self.token)
        self.write_job(cell, attempt, job)
        return attempt

    def _note_busy(self, busy: Busy, cell: CellFolder, job: Job, total: int) -> None:
        """Say once that another process runs a cell."""
        if self._others.note(busy, cell, job):
            then = "it is left to it where nothing else is to do" if self.leave_busy else "its end is waited for"
            self.progress.say(job.spec, f"{busy.who} is running this cell; {then}", total)

    def write_job(self, cell: CellFolder, attempt: CellFolder, job: Job, restarts: int = 0) -> None:
        """Leave in the try's folder what its workers read."""
        write_job(
            attempt,
            job,
            data=self.data[job.spec.dataset, job.spec.image_size],
            argv=self.argv,
            provenance=self.provenance,
            loggers=self.loggers,
            trace=self.trace,
            keep_weights=self.keep_weights,
            checkpoints=self.survival.order(cell.checkpoints.resolve()),
            restarts=restarts,
        )

    def _launch_until_done(
        self, cell: CellFolder, attempt: CellFolder, job: Job, total: int, touch: Callable[[], None]
    ) -> Outcome:
        """Run the workers of this machine; start them again, as often as was asked, when they were killed or hung."""
        outcome = self._launch_on_all(attempt, job, total, touch)
        for restart in range(1, self.survival.max_restarts + 1):
            if not outcome.is_worth_a_restart or self.stop.number is not None or not attempt.path.is_dir():
                break
            line = f"{outcome.why}; started again ({restart} of {self.survival.max_restarts})"
            self.progress.say(job.spec, line, total)
            note_reached(cell, attempt)
            attempt.clear_errors()
            remove(attempt.events)
            self.write_job(cell, attempt, job, restart)
            outcome = self._launch_on_all(attempt, job, total, touch)
        return outcome

    def _launch_on_all(self, attempt: CellFolder, job: Job, total: int, touch: Callable[[], None]) -> Outcome:
        """Run the workers of all machines; the others take the order, and none begins before all have.

        Raises:
            Lost: another process has taken the cell over; the workers were ended.
            RsbenchError: a node has ended, and was not started again in time.
        """
        if self.rendezvous is not None:
            order = {"cell": job.spec.key, "total": total}
            self.rendezvous.waiting = touch
            try:
                self.rendezvous.give(order, BARRIER_TIMEOUT_S, patient=self.survival.max_restarts > 0)
            finally:
                self.rendezvous.waiting = lambda: None
        return self.launch(attempt, job, total, touch)

    def launch(self, attempt: CellFolder, job: Job, total: int, touch: Callable[[], None] = lambda: None) -> Outcome:
        """Run the workers of this machine.

        Args:
            attempt: folder of the try.
            job: what to run.
            total: cells of the comparison, as far as is known.
            touch: makes a sign of life, a few times a second.

        Raises:
            Lost: another process has taken the cell over; the workers were ended.
        """
        scoring = sum(phase.steps for phase in job.phases if phase.name == SCORING)
        state = CellState(path=attempt.samples, steps=job.steps, epochs=job.epochs, scoring_steps=scoring)
        self.progress.begin(job.spec, state, total)
        workers, began = job.spec.workers // self.nodes.count, time.monotonic()
        try:
            return self.launcher.run(attempt.path, workers_per_node=workers, tick=self._tick(job, total, touch))
        except OSError as problem:
            reason = f"its workers could not be started: {problem.strerror or problem}"
            cause = Cause(reason=reason, log=None, tail=())
            return Outcome(status="failed", cause=cause, wall_s=time.monotonic() - began)
        finally:
            if not compressors.is_ours(job.compressor):
                self.launcher.close()  # who knows what it left in its processes

    def _tick(self, job: Job, total: int, touch: Callable[[], None]) -> Callable[[], None]:
        """Return what makes signs of life and shows progress while workers run, and says once what a signal does."""
        told = [not self.survival.checkpoints]

        def tick() -> None:
            touch()
            if self.stop.number is None or self.progress.is_training:
                self.progress.tick(self.launcher.places())
            if self.stop.number is not None and not told[0]:
                told[0] = True
                after = " after a checkpoint" if self.progress.is_training else ""
                self.progress.say(job.spec, _STOPPING.format(after), total)

        return tick
