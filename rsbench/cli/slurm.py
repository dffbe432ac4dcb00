"""The command ``rsbench slurm``."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click

from rsbench.cli.grammar.command import CLUSTER, SCRIPT, Command, heading
from rsbench.cli.request import command_line, read_compare_options
from rsbench.cluster.slurm import BatchJob
from rsbench.cluster.slurm_queue import submit
from rsbench.console import make_console, make_progress_console, pipe, say
from rsbench.errors import RsbenchError
from rsbench.planning.devices import MOST_NODES, DeviceRequest
from rsbench.planning.request import Request
from rsbench.units import count_text

_BY_SLURM: Final = "each task learns it from Slurm"
_TAKEN: Final = {
    "nnodes": "--nodes says how many there are",
    "node_rank": _BY_SLURM,
    "dry_run": "`rsbench compare --dry-run` with the same options shows the cells",
    "contact": "it goes with --dry-run",
}


@click.command(cls=Command, context_settings={"ignore_unknown_options": True})
@heading(
    CLUSTER,
    click.option("--nodes", type=click.IntRange(1, MOST_NODES), default=1, show_default=True, help="Nodes."),
    click.option("--gpus-per-node", type=click.IntRange(1), metavar="N", help="GPUs, one worker each.  [none]"),
    click.option("--array", type=click.IntRange(1), metavar="N", help="Jobs that share the cells.  [one job]"),
    click.option("--time", metavar="D-H:M:S", help="Time limit; a job that it ends is queued again."),
    click.option("--partition", metavar="NAME", help="Partition to queue in."),
    click.option("--account", metavar="NAME", help="Account to charge."),
    click.option("--cpus-per-task", type=click.IntRange(1), metavar="N", help="CPU cores of each node."),
    click.option("--mem", metavar="SIZE", help="Memory of each node, such as 64G."),
    click.option("--sbatch-option", "sbatch_options", multiple=True, metavar="NAME[=X]", help="Another one; repeat."),
)
@heading(
    SCRIPT,
    click.option("--job-name", default="rsbench", show_default=True, metavar="NAME", help="Name of job and log files."),
    click.option("--setup", multiple=True, metavar="LINE", help="Shell line before rsbench: module load; repeat."),
    click.option("--program", default="rsbench", show_default=True, metavar="WORDS", help="Command of rsbench there."),
    click.option("--output", default="compare.sbatch", show_default=True, metavar="FILE", help="File; - prints."),
    click.option("--submit", "submits", is_flag=True, help="Hand it to sbatch, with a job that reports after it."),
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[OPTIONS OF COMPARE]...")
@click.pass_context
def slurm(ctx: click.Context, /, output: str, submits: bool, arguments: tuple[str, ...], **given: Any) -> None:
    """Write a batch script for Slurm that runs a comparison, one task a node, and one that reports after it.

    All options of `rsbench compare` may follow; they are checked first. A job that is pre-empted, or that its time
    limit ends, is queued again and goes on from the last checkpoint: see docs/slurm.md.

    \b
    Examples:
      rsbench slurm --nodes 2 --gpus-per-node 4 --dataset nwpu45 --model vgg19
      rsbench slurm --gpus-per-node 1 --array 8 --time 12:00:00 --plan paper-scene
      rsbench slurm --workers 4 --setup "module load python" --output -
    """  # noqa: D301 - click reads \b
    if output == "-" and submits:
        raise RsbenchError("--output - prints the script, but --submit hands a file to sbatch: give one of them.")
    request, _, words = read_compare_options(ctx, arguments, nodes=given["nodes"], taken=_TAKEN)
    given["sbatch_options"] = [option.removeprefix("--") for option in given["sbatch_options"]]
    given["program"] = _words(given["program"])
    own = _gpus_for(request, given["gpus_per_node"], given["sbatch_options"])
    command = [word for word in command_line(ctx) if word != "--submit"]
    job = BatchJob(**given, arguments=(*own, *words, *arguments), out=request.out, command=command)
    job.check()
    if output == "-":
        pipe(job.script())
        return
    if submits:
        _check_cells(request, given["gpus_per_node"] if own else None)
    script = Path(output)
    report = script.with_stem(f"{script.stem}-report")
    for path, text in ((script, job.script()), (report, job.report_script())):
        _write(path, text)
    say(make_console(), f"Wrote {script}, and {report}, which reports after it.")
    if submits:
        _submit(script, report, job)
    else:
        first, second = shlex.quote(output), shlex.quote(str(report))
        say(
            make_progress_console(),
            f"Next: job=$(sbatch --parsable {first}); sbatch --dependency=afterany:$job {second}",
        )


def _words(text: str) -> list[str]:
    """Return the words of a command, empty where its quotes do not match."""
    try:
        return shlex.split(text)
    except ValueError:
        return []


def _gpus_for(request: Request, gpus_per_node: int | None, sbatch_options: Sequence[str]) -> tuple[str, ...]:
    """Return the option of ``compare`` that puts a worker on each GPU, none where the user said what to train on.

    Raises:
        RsbenchError: the workers want GPUs that Slurm is not asked for.
    """
    devices = {grid.devices for grid in request.grids}
    if devices == {DeviceRequest()}:
        return () if gpus_per_node is None else ("--gpus", str(gpus_per_node))
    wanted = max((count for one in devices for count in one.gpus), default=0)
    asked_otherwise = gpus_per_node is None and any("gpu" in option for option in sbatch_options)
    if wanted > (gpus_per_node or 0) and not asked_otherwise:
        has = "no --gpus-per-node" if gpus_per_node is None else f"--gpus-per-node {gpus_per_node}"
        raise RsbenchError(f"--gpus {wanted} wants more than Slurm is asked for ({has}): add --gpus-per-node {wanted}.")
    return ()


def _check_cells(request: Request, gpus: int | None) -> None:
    """Look at the data and the networks as well, where the job is about to queue; say how many cells it will run.

    Raises:
        RsbenchError: what would end the job at its start.
    """
    from rsbench.run.cells_left import cells_left  # late: start-up

    if gpus is not None:
        devices = DeviceRequest(gpus=(gpus,))
        request = replace(request, grids=tuple(replace(grid, devices=devices) for grid in request.grids))
    left, done = cells_left(request)
    most = "" if request.tuning_seed is None else "at most "
    say(make_progress_console(), f"{most}{count_text(left, 'cell')} to run, {done} already done.")


def _write(path: Path, text: str) -> None:
    """Write a script, unless it stands there already.

    Raises:
        RsbenchError: something else of that name is there, which may hold changes of the user's.
    """
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        if path.is_symlink() or not path.is_file() or path.read_bytes() != text.encode():
            raise RsbenchError(f"{path} is there already: remove it, or give another --output.") from None


def _submit(script: Path, report: Path, job: BatchJob) -> None:
    """Submit both scripts, and say what to do next."""
    console, notes = make_console(), make_progress_console()
    try:
        first = submit(script)
    except RsbenchError:
        script.unlink()
        report.unlink()  # so that the same command with other options can write them
        raise
    second = submit(report, f"--dependency=afterany:{first}")
    say(console, f"Submitted job {first}, and job {second}, which reports after it.")
    say(notes, f"In the queue:  squeue --jobs={first},{second}")
    say(notes, f"Its log:       tail -F {job.log_of(first)}")
    say(notes, f"Tables so far: rsbench report {shlex.quote(str(job.out))}")
    say(notes, f"To end both:   scancel {first} {second}")
