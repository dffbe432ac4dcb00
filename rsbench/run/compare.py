"""The main job: from a grid to its report. The command line parses; this decides the order of things."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rsbench.errors import RsbenchError
from rsbench.launch import rendezvous
from rsbench.launch.torchrun import Launcher, Nodes, StopSignals, Torchrun
from rsbench.measure.log import check_tensorboard
from rsbench.planning import job as job_module
from rsbench.planning.grid import Grid
from rsbench.planning.job import Found, Job
from rsbench.results import records as results
from rsbench.run import forecast, tuning
from rsbench.run import runner as grids
from rsbench.run.progress import LiveProgress, PlainProgress, Progress
from rsbench.run.queue import Agenda, Listed

if TYPE_CHECKING:
    from rich.console import Console

    from rsbench.cell import CellSpec

PLAN_TIMEOUT_S = 600.0
"""How long nodes wait for each other before the first cell."""
CELL_TIMEOUT_S = 3600.0
"""The same before each cell: another node may be decoding images, or losing its connection slowly."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the user asked of ``compare`` or ``run``.

    Attributes:
        grids: what to compare; several are parts of one plan.
        out: result folder.
        data_root: folder of the data sets.
        argv: the user's command.
        nodes: the machines.
        timeout_s: for a cell.
        budget_s: begin no cell after so much time; None has no limit.
        strict_data: refuse incomplete data sets.
        dry_run: only show the cells.
        rerun: run done cells again.
        tensorboard: write event files.
        ours: options whose values are not known from the paper that a plan follows.
    """

    grids: tuple[Grid, ...]
    out: Path
    data_root: Path
    argv: Sequence[str]
    nodes: Nodes = field(default_factory=Nodes)
    timeout_s: float = 86400.0
    budget_s: float | None = None
    strict_data: bool = False
    dry_run: bool = False
    rerun: bool = False
    tensorboard: bool = False
    ours: Sequence[str] = ()

    @property
    def tuning_seed(self) -> int | None:
        """The repeat that chooses learning rates, of the first grid."""
        return self.grids[0].tuning_seed


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
    found = job_module.find_datasets(names, request.data_root, strict=request.strict_data)
    if request.nodes.rank != 0:
        return _follow(request, found, console)
    with _told_to_others(request):
        return _lead(request, _agenda(request, grids, found, console), found, console)


def _agenda(request: Request, grids: Sequence[Grid], found: Mapping[str, Found], console: Console) -> Agenda:
    """What is not done of the grids: a list, or with a tuning seed a study.

    Raises:
        RsbenchError: a study on several nodes, which would each have to know how a cell ended before the next begins.
    """
    defaults = {name: data.defaults for name, data in found.items()}
    seed = request.tuning_seed
    if seed is None:
        specs = list(dict.fromkeys(spec for grid in grids for spec in grid.cells(defaults)))
        done = {} if request.rerun else results.find_done(request.out, [spec.key for spec in specs])
        return Listed(job_module.solve([spec for spec in specs if spec.key not in done], found), specs)
    if request.nodes.count > 1:
        raise RsbenchError("--tuning-seed works on one machine; on several, run the tuning seed first by --seeds.")
    every = [replace(grid, seeds=(seed, *grid.seeds)).cells(defaults) for grid in grids]
    jobs = job_module.solve(list(dict.fromkeys(spec for specs in every for spec in specs)), found)
    return tuning.Study(tuning.rows_of(jobs, seed), seed, request.out, _sayer(console), rerun=request.rerun)


def _lead(request: Request, agenda: Agenda, found: Mapping[str, Found], console: Console) -> int:
    """Run the cells and report: on a single machine, or on node 0.

    Args:
        request: what to do.
        agenda: the cells.
        found: their data sets.
        console: where to tell it.
    """
    say, todo = _sayer(console), agenda.left()
    total = len(todo) + agenda.done
    if request.dry_run:
        from rsbench.run import dry_run as dryrun

        dryrun.show(agenda, forecast.expect(request.out, todo), request.budget_s, request.ours, console)
        return 0
    if todo:
        check_writable(request.out)
    agenda.begin()
    if request.nodes.count > 1:
        meeting = rendezvous.Meeting(nodes=request.nodes, timeout_s=PLAN_TIMEOUT_S)
        meeting.publish({"cells": [job.to_dict() for job in todo]}, "plan")
    if agenda.done:
        say(f"{agenda.done} of {total} cells are already done{'.' if not todo else f'; {len(todo)} to run.'}")
    tally = run_jobs(request, agenda, found, console) if todo else grids.Tally()
    _report(request, agenda.specs, console)
    _closing(tally, agenda.done, say)
    return grids.exit_code(tally)


def run_jobs(request: Request, agenda: Agenda, found: Mapping[str, Found], console: Console) -> grids.Tally:
    """Prepare the data and run the cells.

    Args:
        request: what to do.
        agenda: cells that are to run.
        found: their data sets.
        console: where to show progress.

    Raises:
        RsbenchError: data that cannot be read, folders that cannot be written.
    """
    from rsbench.results import provenance

    data = prepare(agenda.left(), found, request, console)
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
        progress: Progress = LiveProgress(console) if console.is_terminal else PlainProgress(_sayer(console))
        return grids.run(agenda, place, make_launcher(request, stop), progress, stop, request.budget_s)


def prepare(
    todo: Sequence[Job], found: Mapping[str, Found], request: Request, console: Console
) -> dict[tuple[str, int], Path]:
    """Bring the data that the cells need into the form that workers read, once, with a progress bar.

    Returns:
        (data set, image size) -> folder of the prepared data.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    folders: dict[tuple[str, int], Path] = {}
    with Bars(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        for name, size in dict.fromkeys((job.spec.dataset, job.spec.image_size) for job in todo):
            task = bars.add_task(f"preparing {name} at {size} px", total=None)

            def show(count: int, total: int, task: Any = task) -> None:
                bars.update(task, completed=count, total=total)

            data = found[name].dataset.prepare(
                request.data_root, cache_root(), size, strict=request.strict_data, progress=show
            )
            folders[name, size] = data.folder
            for warning in data.warnings:
                _sayer(console)(f"Warning: {warning}")
    return folders


def cache_root() -> Path:
    """Return the folder of prepared data: ``RSBENCH_CACHE``, else the user's cache."""
    import platformdirs

    return Path(os.environ.get("RSBENCH_CACHE") or platformdirs.user_cache_path("rsbench")) / "data"


def check_writable(out: Path) -> None:
    """Refuse a result folder that cannot be written, before any work.

    Raises:
        RsbenchError: read-only, full, or a file in the way.
    """
    probe = out / "cells" / f".write-test.{os.getpid()}"
    try:
        probe.parent.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"rsbench")
        probe.unlink()
    except OSError as error:
        raise results.folder_error(error, out) from error


def _follow(request: Request, found: Mapping[str, Found], console: Console) -> int:
    """Run the cells that node 0 decides on, in its order."""
    if request.dry_run:
        _sayer(console)("Dry run: node 0 shows the cells.")
        return 0
    published = rendezvous.Meeting(nodes=request.nodes, timeout_s=PLAN_TIMEOUT_S).fetch("plan")
    if "error" in published:
        raise RsbenchError(f"Node 0 cannot begin: {published['error']}")
    todo = [Job.from_dict(job) for job in published["cells"]]
    for job in todo:
        mine = found[job.spec.dataset].survey.fingerprint if job.spec.dataset in found else "missing"
        if mine != job.spec.dataset_fingerprint:
            raise RsbenchError(
                f"{job.spec.dataset} on this node ({mine}) is not what node 0 has ({job.spec.dataset_fingerprint}):"
                " give every node the same files and the same command."
            )
    _sayer(console)(f"node {request.nodes.rank}: {len(todo)} cells to run")
    return grids.exit_code(run_jobs(request, Listed(todo), found, console)) if todo else 0


@contextmanager
def _told_to_others(request: Request) -> Iterator[None]:
    """Tell the other nodes when node 0 cannot begin, instead of letting them wait."""
    try:
        yield
    except RsbenchError as error:
        if request.nodes.count > 1 and not request.dry_run:
            with suppress(RsbenchError):
                meeting = rendezvous.Meeting(nodes=request.nodes, timeout_s=30.0)
                meeting.publish({"error": str(error)}, "plan")
        raise


def _meeting(request: Request, stop: StopSignals) -> Callable[[str], None]:
    """Return what holds every node back until all are ready for a cell."""
    meeting = rendezvous.Meeting(
        nodes=request.nodes, timeout_s=CELL_TIMEOUT_S, cancelled=lambda: stop.number is not None
    )
    if request.nodes.rank == 0:
        return lambda run_id: meeting.publish("go", run_id)

    def fetch(run_id: str) -> None:
        meeting.fetch(run_id)

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
            _sayer(console)(f"Written: {path}")


def _closing(tally: grids.Tally, done_before: int, say: Callable[[str], None]) -> None:
    """Say what is left to do, when something is."""
    total = done_before + tally.done + len(tally.failed) + tally.not_run
    if tally.stopped_by is not None:
        left = tally.not_run + len(tally.failed)
        say(f"Stopped: {total - left} of {total} cells are done. The same command runs the other {left}.")
    elif tally.not_run:
        say(f"The budget is used up: {tally.not_run} of {total} cells were not begun. The same command goes on:")
        for label in tally.left:
            say(f"  {label}")
    if tally.failed and tally.stopped_by is None:
        say(f"{len(tally.failed)} of {total} cells failed; the same command runs only those again:")
        for job, cause in tally.failed:
            say(f"  {job.spec.label}: {cause.reason}")


def _sayer(console: Console) -> Callable[[str], None]:
    """Return what prints a sentence as it is; plain lines are never cut, a terminal wraps them."""

    def say(text: str) -> None:
        if console.is_terminal:
            console.print(text, markup=False, highlight=False)
        else:
            print(text, file=console.file, flush=True)

    return say


def make_console() -> Console:
    """Return the console for results: the terminal's width, or wide lines into files and pipes."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else int(os.environ.get("COLUMNS", "160")))
