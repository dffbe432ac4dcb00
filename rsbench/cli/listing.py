"""The command ``rsbench list``."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from rsbench.checkpoints.shelf import Shelf
from rsbench.cli.grammar.command import Command
from rsbench.cli.options.shared import PATH
from rsbench.console import make_console, say
from rsbench.errors import RsbenchError
from rsbench.links.link import PRESETS, WIRED, parse_link
from rsbench.metrics import facts_of, score_text
from rsbench.models.rates import RATES
from rsbench.planning import plan_file, probe
from rsbench.recipe import fedfusion, partition, sync
from rsbench.results.folder import CellFolder
from rsbench.results.records import Run, list_runs

if TYPE_CHECKING:
    from rich.console import Console


def _compressors(console: Console, verbose: bool, out: Path) -> None:
    """List compressors; verbose adds source and options."""
    from rsbench.compressors import COMPRESSORS  # late: start-up

    for name, compressor in COMPRESSORS.items():
        say(console, f"{name:<10}{compressor.doc()}")
        if verbose:
            say(console, f"{'':<10}Source: {compressor.source}")
            for option in compressor.options():
                say(
                    console,
                    f"{'':<10}{option.name}={option.default} ({option.type.__name__}, {option.allowed}): {option.help}",
                )
    if not verbose:
        say(console, "Options of each: rsbench list compressors -v. Use: --compressor NAME:KEY=VALUE,...")


def _datasets(console: Console, verbose: bool, out: Path) -> None:
    """List data sets; verbose adds layout, licence and citation."""
    from rsbench import datasets as table  # late: start-up

    for name, kind in table.available().items():
        dataset = kind()
        recipe = f"{dataset.image_size} px, {dataset.epochs} epochs, learning rate {dataset.lr:g} by default"
        say(console, f"{name:<19}{dataset.title}: {dataset.contents}; {recipe}")
        if verbose:
            for title, text in (("Layout", dataset.layout), ("Licence", dataset.licence), ("Cite", dataset.citation)):
                say(console, f"{'':<19}{title}: {text}")


def _links(console: Console, verbose: bool, out: Path) -> None:
    """List the links that --link knows by name, with the source of their numbers."""
    for name, link in PRESETS.items():
        say(console, f"{name:<10}{link.title.removeprefix(f'{name}: ')}")
        say(console, f"{'':<10}Source: {link.source}")
    for name, source in WIRED.items():
        say(console, f"{name:<10}{parse_link(name).title}")
        say(console, f"{'':<10}Source: {source}")
    say(console, "Or any other: --link 50mbit, --link 100mbit:up=20mbit,latency=30ms, --link geo:latency=600ms.")


def _models(console: Console, verbose: bool, out: Path) -> None:
    """List the models that --model takes, by task."""
    for task, names in probe.model_names().items():
        say(console, f"{facts_of(task).title}:")
        said = {name: f"  (learning rate {RATES[name]:g} at most by default)" for name in names if name in RATES}
        said |= {name: f"  ({fedfusion.AFTER}; {fedfusion.OPTIONS})" for name in names if name == fedfusion.NAME}
        for line in [name + said.get(name, "") for name in names] if verbose else [", ".join(names)]:
            say(console, f"  {line}")


def _runs(console: Console, verbose: bool, out: Path) -> None:
    """List recorded and unfinished cells, and who runs these; verbose adds reasons."""
    recorded = list_runs([out])
    for run in recorded:
        score = score_text(run.record) if run.record else ""
        say(console, f"{run.status:<12}{run.started_utc or '-':<22}{run.folder.name}  {score}".rstrip())
        if run.claim is not None:
            say(console, f"{'':<12}{run.claim.holder}; last sign of it: {run.claim.last_sign_utc}")
        saved = None if run.status == "done" else _saved_step(run)
        if saved is not None:
            say(console, f"{'':<12}goes on from step {saved:,}")
        if verbose and run.reason:
            say(console, f"{'':<12}{run.reason}")
    done = sum(run.status == "done" for run in recorded)
    say(console, f"{done} of {len(recorded)} cells in {out} are done.")


def _saved_step(run: Run) -> int | None:
    """Return the step of the newest checkpoint of a cell that all its ranks have here; None where that is not known."""
    try:
        cell = CellFolder(run.folder)
        job = cell.job if cell.job.is_file() else next(cell.attempts()).job
        return Shelf(cell.checkpoints).newest(ranks=int(json.loads(job.read_bytes())["cell"]["workers"]))
    except (RsbenchError, OSError, ValueError, KeyError, TypeError, StopIteration, RecursionError):
        return None


def _partitions(console: Console, verbose: bool, out: Path) -> None:
    """List what --partition takes."""
    for form, words in partition.describe():
        say(console, f"{form:<13}{words}")
    say(console, "A worker keeps its samples for the whole run, except under iid. See docs/partitions.md.")


def _plans(console: Console, verbose: bool, out: Path) -> None:
    """List shipped plans; verbose prints them."""
    for name, path in plan_file.shipped().items():
        text = path.read_text(encoding="utf-8")
        say(console, f"{name:<18}{tomllib.loads(text)['title']}")
        if verbose:
            for line in text.splitlines():
                say(console, line)
    if not verbose:
        say(
            console,
            "Use: rsbench compare --plan NAME [--plan-size quick] [--dry-run]. Whole files: rsbench list plans -v.",
        )


def _sync(console: Console, verbose: bool, out: Path) -> None:
    """List what --sync takes, with the source of each name."""
    for form, words in sync.describe():
        say(console, f"{form:<19}{words}")
    say(console, "Options of rounds follow after a colon: --sync rounds:8:nesterov:outer_lr=0.5,state=reset")
    for name, words in sync.options():
        say(console, f"  {name:<17}{words}")
    say(console, "A step is one batch of a worker in every row. See docs/rounds.md.")


LISTS: Final[dict[str, Callable[[Console, bool, Path], None]]] = {
    "compressors": _compressors,
    "datasets": _datasets,
    "links": _links,
    "models": _models,
    "partitions": _partitions,
    "plans": _plans,
    "runs": _runs,
    "sync": _sync,
}


@click.command("list", cls=Command)
@click.argument("what", type=click.Choice(list(LISTS)), metavar="WHAT")
@click.option("-v", "--verbose", is_flag=True, help="With options, sources, classes or reasons.")
@click.option("--out", type=PATH, default=Path("rsbench-results"), show_default=True, help="Where runs stand.")
def list_command(what: str, verbose: bool, out: Path) -> None:
    """List compressors, datasets, links, models, partitions, plans, runs or sync: give one of these words.

    \b
    Examples:
      rsbench list compressors -v      every option with its range and default
      rsbench list runs                what is done, failed or unfinished
    """  # noqa: D301 - click reads \b
    LISTS[what](make_console(), verbose, out)
