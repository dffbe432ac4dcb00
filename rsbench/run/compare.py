"""The main job: from a grid to its report. The command line parses; this decides the order of things."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from typing import Final

from rich.console import Console

from rsbench import console as console_module
from rsbench import reports
from rsbench.cell import EARLIER_RULES, KEY_VERSION, CellSpec, key_version_of
from rsbench.errors import RsbenchError
from rsbench.launch.launcher import Launcher, WorkerLauncher
from rsbench.launch.rendezvous import Rendezvous
from rsbench.launch.signals import StopSignals
from rsbench.measure.log import check_tensorboard
from rsbench.planning.grid import Grid
from rsbench.planning.job import Job, LocatedDataset, find_datasets, solve
from rsbench.planning.prepare import prepare
from rsbench.planning.request import Request
from rsbench.results import provenance, records
from rsbench.results.folder import check_writable
from rsbench.run import dry_run, tuning
from rsbench.run.progress import LiveProgress, PlainProgress
from rsbench.run.queue import CellQueue, FixedQueue
from rsbench.run.runner import CellRunner, RunSummary

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
        fresh=request.fresh_workers,
    )


def compare(request: Request, console: Console) -> int:
    """Run what is not done of a grid and report.

    Args:
        request: what to do.
        console: where to tell it.

    Returns:
        The exit code: 0, 1 when a cell failed, 128 + signal when ended by one.

    Raises:
        RsbenchError: something the user can mend, before anything is launched.
    """
    for grid in request.grids:
        grid.check()
    if request.tensorboard:
        check_tensorboard()
    grids = [grid.placed(nodes=request.nodes.count, check_gpus=not request.dry_run) for grid in request.grids]
    names = dict.fromkeys(name for grid in grids for name in grid.datasets)
    located = find_datasets(names, request.data_root, strict=request.strict_data)
    alone = request.nodes.count == 1 or request.dry_run
    with nullcontext() if alone else Rendezvous(request.nodes, request.token) as rendezvous:
        job = _MainJob(request=request, located=located, console=console, rendezvous=rendezvous)
        if request.nodes.rank != 0:
            return job.follow()
        with job.failure_told_to_others():
            return job.lead(job.queue(grids))


@dataclass(frozen=True, kw_only=True)
class _MainJob:
    """One call of :func:`compare`.

    Attributes:
        request: what to do.
        located: the data sets, by name.
        console: where to tell it.
        rendezvous: where several nodes meet; None on a single machine and in a dry run.
    """

    request: Request
    located: Mapping[str, LocatedDataset]
    console: Console
    rendezvous: Rendezvous | None

    def queue(self, grids: Sequence[Grid]) -> CellQueue:
        """Return what is not done of the grids; with a tuning seed, cells wait for others that decide on them.

        Raises:
            RsbenchError: a tuning seed on several nodes, which would each have to know how a cell ended before the
                next begins.
        """
        request = self.request
        defaults = {name: data.defaults for name, data in self.located.items()}
        seed = request.tuning_seed
        if seed is None:
            specs = list(dict.fromkeys(spec for grid in grids for spec in grid.cells(defaults)))
            done = {} if request.rerun else records.find_done(request.out, [spec.key for spec in specs])
            return FixedQueue(solve([spec for spec in specs if spec.key not in done], self.located), specs)
        if request.nodes.count > 1:
            raise RsbenchError("--tuning-seed works on one machine; on several, run the tuning seed first by --seeds.")
        every = [replace(grid, seeds=(seed, *grid.seeds)).cells(defaults) for grid in grids]
        jobs = solve(list(dict.fromkeys(spec for specs in every for spec in specs)), self.located)
        return tuning.TuningQueue(tuning.rows_of(jobs, seed), seed, request.out, self.say, rerun=request.rerun)

    def lead(self, queue: CellQueue) -> int:
        """Run the cells and report, on a single machine or on node 0; return the exit code."""
        request, todo = self.request, queue.left()
        total = len(todo) + queue.done
        if request.dry_run:
            for name in dict.fromkeys(job.spec.dataset for job in todo):
                for warning in self.located[name].survey.warnings:
                    self.say(f"Warning: {warning}")
            dry_run.show(queue, dry_run.expect(request.out, todo), request.budget_s, request.ours, self.console)
            self._say_what_is_earlier()
            return 0
        if todo:
            check_writable(request.out)
        queue.begin()
        if self.rendezvous is not None:
            self.rendezvous.publish({"cells": [job.to_dict() for job in todo]}, "plan", PLAN_TIMEOUT_S)
        if queue.done:
            rest = f"; {len(todo)} to run." if todo else "."
            self.say(f"{queue.done} of {total} cells are already done{rest}")
        self._say_what_is_earlier()
        summary = self._run(queue) if todo else RunSummary()
        self._report(queue.specs)
        self._say_what_is_left(summary, queue.done)
        if todo:
            self._say_what_is_earlier()
        return summary.exit_code

    def follow(self) -> int:
        """Run the cells that node 0 decides on, in its order; return the exit code."""
        if self.rendezvous is None:
            self.say("Dry run: node 0 shows the cells.")
            return 0
        published = self.rendezvous.fetch("plan", PLAN_TIMEOUT_S)
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
        self.say(f"node {self.request.nodes.rank}: {len(todo)} cells to run")
        return self._run(FixedQueue(todo)).exit_code if todo else 0

    @contextmanager
    def failure_told_to_others(self) -> Iterator[None]:
        """Tell the other nodes when node 0 cannot begin, instead of letting them wait."""
        try:
            yield
        except RsbenchError as error:
            if self.rendezvous is not None:
                with suppress(RsbenchError):
                    self.rendezvous.publish({"error": str(error)}, "plan", 30.0)
            raise

    def say(self, text: str) -> None:
        """Print a sentence."""
        console_module.say(self.console, text)

    def _run(self, queue: CellQueue) -> RunSummary:
        """Prepare the data and run the cells.

        Raises:
            RsbenchError: data that cannot be read, folders that cannot be written.
        """
        request = self.request
        data = prepare(queue.left(), self.located, request, self.console)
        facts = {"nnodes": request.nodes.count, "tuning_seed": request.tuning_seed}
        collected = {**provenance.collect(request.argv), **facts}
        with StopSignals() as stop:
            if self.rendezvous is not None:
                self.rendezvous.cancelled = lambda: stop.number is not None
            return CellRunner(
                out=request.out,
                data=data,
                argv=request.argv,
                provenance=collected,
                launcher=make_launcher(request, stop, self.rendezvous),
                progress=LiveProgress(self.console) if self.console.is_terminal else PlainProgress(self.say),
                stop=stop,
                nodes=request.nodes,
                rendezvous=self.rendezvous,
                tensorboard=request.tensorboard,
                budget_s=request.budget_s,
            ).run(queue)

    def _report(self, specs: Sequence[CellSpec]) -> None:
        """Show the table of this grid's cells, and write the files for all that the folder holds."""
        out = self.request.out
        if not out.is_dir():
            return
        recorded, problems = records.read_records([out])
        keys = {spec.key for spec in specs}
        mine = [record for record in recorded if record["key"] in keys]
        judging = self.request.judging
        reports.show(reports.build_report(mine, problems, judging=judging), self.console)
        if recorded:
            for path in reports.write_report(reports.build_report(recorded, problems, judging=judging), out):
                self.say(f"Written: {path}")

    def _say_what_is_earlier(self) -> None:
        """Say why cells run again, where the folder holds done cells of earlier rules."""
        if not self.request.out.is_dir():
            return
        recorded, _ = records.read_records([self.request.out])
        earlier = sum(record["status"] == "done" and key_version_of(record) < KEY_VERSION for record in recorded)
        if earlier:
            were = "cell here was" if earlier == 1 else "cells here were"
            self.say(
                f"{earlier} {were} made by {EARLIER_RULES}. This version's cells run beside them; the report keeps the"
                " two in tables of their own."
            )

    def _say_what_is_left(self, summary: RunSummary, done_before: int) -> None:
        """Say what is left to do, when something is."""
        failed = len(summary.failed)
        total = done_before + summary.done + failed + summary.not_run
        if summary.stopped_by is not None:
            left = summary.not_run + failed
            self.say(f"Stopped: {total - left} of {total} cells are done. The same command runs the other {left}.")
            return
        if summary.not_run:
            self.say(
                f"The budget is used up: {summary.not_run} of {total} cells were not begun. The same command goes on:"
            )
            for label in summary.left:
                self.say(f"  {label}")
        if failed:
            self.say(f"{failed} of {total} cells failed; the same command runs only those again:")
            for job, cause in summary.failed:
                self.say(f"  {job.spec.label}: {cause.reason}")
