"""The main job: from a grid to its report. The command line parses; this decides the order of things."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from rsbench.console import say
from rsbench.errors import RsbenchError
from rsbench.launch import rendezvous
from rsbench.launch.torchrun import Launcher, StopSignals, Torchrun
from rsbench.measure.log import check_tensorboard
from rsbench.planning import job as job_module
from rsbench.planning.grid import Grid
from rsbench.planning.job import Job, LocatedDataset
from rsbench.planning.prepare import prepare
from rsbench.planning.request import Request
from rsbench.results import records as results
from rsbench.results.folder import check_writable
from rsbench.run import dry_run, tuning
from rsbench.run import runner as grids
from rsbench.run.progress import LiveProgress, PlainProgress, Progress
from rsbench.run.queue import CellQueue, FixedQueue

if TYPE_CHECKING:
    from rich.console import Console

    from rsbench.cell import CellSpec

PLAN_TIMEOUT_S = 600.0
"""How long nodes wait for each other before the first cell."""
CELL_TIMEOUT_S = 3600.0
"""The same before each cell: another node may be decoding images, or losing its connection slowly."""


def make_launcher(request: Request, stop: StopSignals) -> Launcher:
    """Return what starts workers; tests put another in its place."""
    return Torchrun(stop=stop, nodes=request.nodes, timeout_s=request.timeout_s)


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
    grids = [grid.placed(nodes=request.nodes.count, there=not request.dry_run) for grid in request.grids]
    names = dict.fromkeys(name for grid in grids for name in grid.datasets)
    located = job_module.find_datasets(names, request.data_root, strict=request.strict_data)
    if request.nodes.rank != 0:
        return _follow(request, located, console)
    with _told_to_others(request):
        return _lead(request, _queue(request, grids, located, console), located, console)


def _queue(
    request: Request, grids: Sequence[Grid], located: Mapping[str, LocatedDataset], console: Console
) -> CellQueue:
    """What is not done of the grids: a list, or with a tuning seed a study.

    Raises:
        RsbenchError: a study on several nodes, which would each have to know how a cell ended before the next begins.
    """
    defaults = {name: data.defaults for name, data in located.items()}
    seed = request.tuning_seed
    if seed is None:
        specs = list(dict.fromkeys(spec for grid in grids for spec in grid.cells(defaults)))
        done = {} if request.rerun else results.find_done(request.out, [spec.key for spec in specs])
        return FixedQueue(job_module.solve([spec for spec in specs if spec.key not in done], located), specs)
    if request.nodes.count > 1:
        raise RsbenchError("--tuning-seed works on one machine; on several, run the tuning seed first by --seeds.")
    every = [replace(grid, seeds=(seed, *grid.seeds)).cells(defaults) for grid in grids]
    jobs = job_module.solve(list(dict.fromkeys(spec for specs in every for spec in specs)), located)
    return tuning.TuningQueue(tuning.rows_of(jobs, seed), seed, request.out, partial(say, console), rerun=request.rerun)


def _lead(request: Request, queue: CellQueue, located: Mapping[str, LocatedDataset], console: Console) -> int:
    """Run the cells and report: on a single machine, or on node 0.

    Args:
        request: what to do.
        queue: the cells.
        located: their data sets.
        console: where to tell it.
    """
    todo = queue.left()
    total = len(todo) + queue.done
    if request.dry_run:
        dry_run.show(queue, dry_run.expect(request.out, todo), request.budget_s, request.ours, console)
        return 0
    if todo:
        check_writable(request.out)
    queue.begin()
    if request.nodes.count > 1:
        barrier = rendezvous.NodeBarrier(nodes=request.nodes, timeout_s=PLAN_TIMEOUT_S)
        barrier.publish({"cells": [job.to_dict() for job in todo]}, "plan")
    if queue.done:
        say(console, f"{queue.done} of {total} cells are already done{'.' if not todo else f'; {len(todo)} to run.'}")
    summary = run_jobs(request, queue, located, console) if todo else grids.RunSummary()
    _report(request, queue.specs, console)
    _closing(summary, queue.done, console)
    return grids.exit_code(summary)


def run_jobs(
    request: Request, queue: CellQueue, located: Mapping[str, LocatedDataset], console: Console
) -> grids.RunSummary:
    """Prepare the data and run the cells.

    Args:
        request: what to do.
        queue: cells that are to run.
        located: their data sets.
        console: where to show progress.

    Raises:
        RsbenchError: data that cannot be read, folders that cannot be written.
    """
    from rsbench.results import provenance

    data = prepare(queue.left(), located, request, console)
    facts = {"nnodes": request.nodes.count, "tuning_seed": request.tuning_seed}
    place = grids.Place(
        out=request.out,
        data=data,
        argv=request.argv,
        provenance={**provenance.collect(request.argv), **facts},
        nodes=request.nodes,
        tensorboard=request.tensorboard,
    )
    with StopSignals() as stop:
        if request.nodes.count > 1:
            place = replace(place, meet=_meeting(request, stop))
        progress: Progress = LiveProgress(console) if console.is_terminal else PlainProgress(partial(say, console))
        return grids.run(queue, place, make_launcher(request, stop), progress, stop, request.budget_s)


def _follow(request: Request, located: Mapping[str, LocatedDataset], console: Console) -> int:
    """Run the cells that node 0 decides on, in its order."""
    if request.dry_run:
        say(console, "Dry run: node 0 shows the cells.")
        return 0
    published = rendezvous.NodeBarrier(nodes=request.nodes, timeout_s=PLAN_TIMEOUT_S).fetch("plan")
    if "error" in published:
        raise RsbenchError(f"Node 0 cannot begin: {published['error']}")
    todo = [Job.from_dict(job) for job in published["cells"]]
    for job in todo:
        mine = located[job.spec.dataset].survey.fingerprint if job.spec.dataset in located else "missing"
        if mine != job.spec.dataset_fingerprint:
            raise RsbenchError(
                f"{job.spec.dataset} on this node ({mine}) is not what node 0 has ({job.spec.dataset_fingerprint}):"
                " give every node the same files and the same command."
            )
    say(console, f"node {request.nodes.rank}: {len(todo)} cells to run")
    return grids.exit_code(run_jobs(request, FixedQueue(todo), located, console)) if todo else 0


@contextmanager
def _told_to_others(request: Request) -> Iterator[None]:
    """Tell the other nodes when node 0 cannot begin, instead of letting them wait."""
    try:
        yield
    except RsbenchError as error:
        if request.nodes.count > 1 and not request.dry_run:
            with suppress(RsbenchError):
                barrier = rendezvous.NodeBarrier(nodes=request.nodes, timeout_s=30.0)
                barrier.publish({"error": str(error)}, "plan")
        raise


def _meeting(request: Request, stop: StopSignals) -> Callable[[str], None]:
    """Return what holds every node back until all are ready for a cell."""
    barrier = rendezvous.NodeBarrier(
        nodes=request.nodes, timeout_s=CELL_TIMEOUT_S, cancelled=lambda: stop.number is not None
    )
    if request.nodes.rank == 0:
        return lambda run_id: barrier.publish("go", run_id)

    def fetch(run_id: str) -> None:
        barrier.fetch(run_id)

    return fetch


def _report(request: Request, specs: Sequence[CellSpec], console: Console) -> None:
    """Show the table of this grid's cells, and write the files for all that the folder holds."""
    from rsbench import reports

    if not request.out.is_dir():
        return
    records, problems = results.read_records([request.out])
    keys = {spec.key for spec in specs}
    reports.show(reports.build_report([record for record in records if record["key"] in keys], problems), console)
    if records:
        for path in reports.write_report(records, request.out, problems=problems):
            say(console, f"Written: {path}")


def _closing(summary: grids.RunSummary, done_before: int, console: Console) -> None:
    """Say what is left to do, when something is."""
    total = done_before + summary.done + len(summary.failed) + summary.not_run
    if summary.stopped_by is not None:
        left = summary.not_run + len(summary.failed)
        say(console, f"Stopped: {total - left} of {total} cells are done. The same command runs the other {left}.")
    elif summary.not_run:
        say(
            console,
            f"The budget is used up: {summary.not_run} of {total} cells were not begun. The same command goes on:",
        )
        for label in summary.left:
            say(console, f"  {label}")
    if summary.failed and summary.stopped_by is None:
        say(console, f"{len(summary.failed)} of {total} cells failed; the same command runs only those again:")
        for job, cause in summary.failed:
            say(console, f"  {job.spec.label}: {cause.reason}")
