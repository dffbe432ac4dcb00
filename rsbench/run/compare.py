"""The main job: from a grid to its report. The command line parses; this decides the order of things."""

from __future__ import annotations

import secrets
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from rsbench import cache
from rsbench.emulation import requirements
from rsbench.errors import NodeLostError, RsbenchError
from rsbench.launch.failure import how_to_go_on
from rsbench.launch.launcher import GRACE_S, STOP_GRACE_S, Launcher, WorkerLauncher
from rsbench.launch.rendezvous import Rendezvous
from rsbench.launch.signals import StopSignals
from rsbench.loggers import names as loggers
from rsbench.paths import cache_root
from rsbench.planning import families
from rsbench.planning.grid import Grid
from rsbench.planning.job import Job, LocatedDataset, solve
from rsbench.planning.prepare import prepare
from rsbench.planning.request import Request
from rsbench.results import attempts, provenance
from rsbench.results.claimant import Claimant
from rsbench.results.folder import check_writable
from rsbench.results.ledger import Ledger
from rsbench.run import tuning
from rsbench.run.closing import Closing
from rsbench.run.dry_run import show as dry_run
from rsbench.run.dry_run.expectation import expect
from rsbench.run.ending import RunSummary
from rsbench.run.follower import Follower
from rsbench.run.opening import earlier_lines, introduce
from rsbench.run.queue import CellQueue, FixedQueue
from rsbench.run.reporting import close, report_unless_stopped
from rsbench.run.runner import CellRunner
from rsbench.run.screen.labels import Labels
from rsbench.run.screen.screen import Screen

PLAN_TIMEOUT_S: Final = 600.0
"""How long nodes wait for each other before the first cell."""


def make_launcher(request: Request, stop: StopSignals, rendezvous: Rendezvous | None) -> Launcher:
    """Return what starts workers; tests put another in its place."""
    return WorkerLauncher(
        stop=stop,
        nodes=request.nodes,
        rendezvous=rendezvous,
        timeout_s=request.timeout_s,
        stall_timeout_s=request.stall_timeout_s,
        stop_grace_s=STOP_GRACE_S if request.survival.checkpoints else GRACE_S,
        fresh=request.fresh_workers,
        interface=request.interface,
    )


def compare(request: Request, screen: Screen) -> int:
    """Run what is not done of a grid and report.

    Args:
        request: what to do.
        screen: where to print.

    Returns:
        The exit code: 0, 1 when a cell failed, 128 + signal when ended by one.

    Raises:
        RsbenchError: something the user can mend, before anything is launched.
    """
    try:
        with nullcontext() if request.dry_run else cache.in_use(cache_root()):
            return _compare(request, screen)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        screen.alert("Stopped before any cell was begun.")
        return 128 + signal.SIGINT


def _compare(request: Request, screen: Screen) -> int:
    request.check()
    loggers.check(request.loggers)
    placed = [grid.placed(nodes=request.nodes.count, check_gpus=not request.dry_run) for grid in request.grids]
    if not request.dry_run:
        asked = [(links, workers) for grid in placed for links in grid.worker_links for workers in grid.workers]
        requirements.check(asked, request.interface)
    grids, located, lacking = families.find(
        placed, request.data_root, strict=request.strict_data, planned=request.dry_run
    )
    for note in dict.fromkeys((*(note for grid in grids for note in grid.notes), *lacking)):
        screen.note(note)
    alone = request.nodes.count == 1 or request.dry_run
    job = _MainJob(request=request, located=located, screen=screen, rendezvous=None)
    if request.nodes.rank != 0:
        return job.leave_to_node_0() if alone else _follow(job)
    with nullcontext() if alone else _meet(request, screen) as rendezvous:
        job = replace(job, rendezvous=rendezvous)
        with job.failure_told_to_others():
            with screen.waiting("planning: network sizes, and the density that gives each ratio"):
                queue, ledger = job.queue(grids)
            return job.lead(queue, ledger)


def _follow(job: _MainJob) -> int:
    """Follow node 0 to the end; when it is lost, wait for it to be started again, as often as restarts are asked for.

    Raises:
        NodeLostError: it is lost once more than that.
    """
    restarts = job.request.survival.max_restarts
    while True:
        try:
            with _meet(job.request, job.screen) as rendezvous:
                return replace(job, rendezvous=rendezvous).follow(rendezvous)
        except NodeLostError:
            if restarts == 0:
                raise
            restarts -= 1
            job.screen.note(f"Node 0 ({job.request.nodes.endpoint}) has ended. {how_to_go_on(PLAN_TIMEOUT_S)}")


def _meet(request: Request, screen: Screen) -> Rendezvous:
    return Rendezvous(request.nodes, request.token, say=screen.note)


@dataclass(frozen=True, kw_only=True)
class _MainJob:
    """One call of :func:`compare`.

    Attributes:
        request: what to do.
        located: the data sets, by name.
        screen: where to print.
        rendezvous: where several nodes meet; None on a single machine and in a dry run.
    """

    request: Request
    located: Mapping[str, LocatedDataset]
    screen: Screen
    rendezvous: Rendezvous | None

    def queue(self, grids: Sequence[Grid]) -> tuple[CellQueue, Ledger]:
        """Return what is not done of the grids; with a tuning seed, cells wait for others that decide on them.

        With it comes the ledger of what counts as done.
        """
        request = self.request
        defaults = {name: data.defaults for name, data in self.located.items()}
        seed = request.tuning_seed
        seeds = () if seed is None else (seed,)
        every = [replace(grid, seeds=(*seeds, *grid.seeds)).cells(defaults) for grid in grids]
        specs = list(dict.fromkeys(spec for cells in every for spec in cells))
        keys = [spec.key for spec in specs]
        if not request.dry_run:
            attempts.settle_all(request.out, keys, Claimant())
        ledger = Ledger(request.out, keys, rerun=request.rerun)
        if seed is not None:
            rows = tuning.rows_of(solve(specs, self.located), seed)
            return tuning.TuningQueue(rows, seed, request.out, ledger, self.screen.note), ledger
        done = ledger.done(keys)
        jobs = solve([spec for spec in specs if spec.key not in done], self.located)
        return FixedQueue(jobs, specs), ledger

    def lead(self, queue: CellQueue, ledger: Ledger) -> int:
        """Run the cells and report, on a single machine or on node 0; return the exit code."""
        request, todo = self.request, queue.left()
        if request.dry_run:
            return self._plan(queue)
        if todo:
            check_writable(request.out)
        queue.mark()
        token = secrets.token_hex(4)
        if self.rendezvous is not None:
            plan = {"cells": [job.to_dict() for job in todo], "token": token}
            self.rendezvous.publish(plan, "plan", PLAN_TIMEOUT_S)
        labels = introduce(queue, request.out, self.screen)
        cells = self._prepared(todo)
        with StopSignals() as stop:
            runner = self._runner(ledger, token, stop, labels, *cells)
            summary = runner.run(queue) if todo else RunSummary()
            queue.mark()
            left = Closing.of(queue, ledger, summary)
            if self.rendezvous is not None:
                self.rendezvous.give_last({"end": left.exit_code})
            problem = report_unless_stopped(request, queue.specs, summary, self.screen)
            close(request, queue.specs, left, self.screen)
        if problem is not None:
            raise problem
        return left.exit_code

    def _plan(self, queue: CellQueue) -> int:
        """Show what would run and what it costs; return the exit code."""
        out, todo = self.request.out, queue.left()
        self._say_what_data_lack(todo)
        dry_run.show(queue, expect(out, todo), self.request, self.screen, self.located)
        for line in earlier_lines(out):
            self.screen.note(line)
        return 0

    def _say_what_data_lack(self, todo: Sequence[Job]) -> None:
        """Say what is left out of the data, as their preparation will."""
        for name in dict.fromkeys(job.spec.dataset for job in todo):
            for warning in self.located[name].survey.warnings:
                self.screen.note(f"Warning: {warning}")

    def follow(self, rendezvous: Rendezvous) -> int:
        """Run the cells that node 0 orders; return the exit code."""
        published = rendezvous.fetch("plan", PLAN_TIMEOUT_S)
        if "error" in published:
            raise RsbenchError(f"Node 0 cannot begin: {published['error']}")
        todo = [Job.from_dict(job) for job in published["cells"]]
        for spec in (job.spec for job in todo):
            mine = self.located[spec.dataset].survey.fingerprint if spec.dataset in self.located else "missing"
            if mine != spec.dataset_fingerprint:
                raise RsbenchError(
                    f"{spec.dataset} on this node ({mine}) is not what node 0 has ({spec.dataset_fingerprint}):"
                    " give every node the same files and the same command."
                )
        if todo:
            check_writable(self.request.out)
        self.screen.note(f"node {self.request.nodes.rank}: {len(todo)} cells to run")
        cells = self._prepared(todo)
        with StopSignals() as stop:
            labels = Labels.of(job.spec for job in todo)
            runner = self._runner(Ledger(self.request.out, (), rerun=False), published["token"], stop, labels, *cells)
            return Follower(runner=runner, rendezvous=rendezvous, jobs={job.spec.key: job for job in todo}).run()

    def leave_to_node_0(self) -> int:
        """Say who shows the cells of a dry run; return the exit code."""
        self.screen.note("Dry run: node 0 shows the cells.")
        return 0

    @contextmanager
    def failure_told_to_others(self) -> Iterator[None]:
        """Tell the other nodes when node 0 cannot begin, or go on, instead of letting them wait."""
        try:
            yield
        except RsbenchError as error:
            if self.rendezvous is not None and self.rendezvous.number:
                self.rendezvous.give_last({"end": 2, "why": str(error)})
            elif self.rendezvous is not None:
                with suppress(RsbenchError):
                    self.rendezvous.publish({"error": str(error)}, "plan", 30.0)
            raise

    def _prepared(self, todo: Sequence[Job]) -> tuple[Mapping[tuple[str, int], Path], dict[str, Any]]:
        """Prepare the data of some cells and collect where their numbers come from.

        Raises:
            RsbenchError: data that cannot be read, folders that cannot be written.
        """
        request = self.request
        if not todo:
            return {}, {}
        data = prepare(todo, self.located, request, self.screen.notes)
        facts: dict[str, Any] = {"nnodes": request.nodes.count, "tuning_seed": request.tuning_seed}
        facts |= {"interface": request.interface} if request.interface else {}
        return data, {**provenance.collect(request.argv), **facts}

    def _runner(
        self,
        ledger: Ledger,
        token: str,
        stop: StopSignals,
        labels: Labels,
        data: Mapping[tuple[str, int], Path],
        collected: Mapping[str, Any],
    ) -> CellRunner:
        """Return what runs the cells."""
        request = self.request
        if self.rendezvous is not None:
            self.rendezvous.cancelled = lambda: stop.number is not None
        return CellRunner(
            out=request.out,
            ledger=ledger,
            token=token,
            data=data,
            argv=request.argv,
            provenance=collected,
            launcher=make_launcher(request, stop, self.rendezvous),
            progress=self.screen.progress(labels),
            stop=stop,
            nodes=request.nodes,
            rendezvous=self.rendezvous,
            loggers=request.loggers,
            trace=request.trace,
            keep_weights=request.keep_weights,
            survival=request.survival,
            budget_s=request.budget_s,
            leave_busy=request.leave_busy,
        )
