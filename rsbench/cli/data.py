"""The commands ``rsbench data fetch`` and ``rsbench data check``."""

from __future__ import annotations

from pathlib import Path

import click

from rsbench.cli.grammar import completion
from rsbench.cli.grammar.command import Group
from rsbench.cli.options.shared import data_root_option
from rsbench.console import make_console, say
from rsbench.units import bytes_text


@click.group(cls=Group)
def data() -> None:
    """Fetch and check data sets."""


@data.command()
@click.argument("name", shell_complete=completion.datasets)
@data_root_option
def fetch(name: str, data_root: Path) -> None:
    """Download a data set, check it and unpack it.

    \b
    Example:
      rsbench data fetch ucm21 --data-root /data
    """  # noqa: D301 - click reads \b
    from rich.progress import DownloadColumn, TimeRemainingColumn  # late: start-up

    from rsbench import datasets as table
    from rsbench.bars import bars

    console = make_console()
    with bars(console, DownloadColumn(), TimeRemainingColumn()) as progress:
        tasks = {}

        def show(file: str, count: int, total: int) -> None:
            if file not in tasks:
                tasks[file] = progress.add_task(file)
            progress.update(tasks[file], completed=count, total=total or None)

        done = table.fetch(name, data_root, show)
    for note in done.notes:
        say(console, note)
    size = sum(path.stat().st_size for path in _files(done.where)) if done.where.is_dir() else done.where.stat().st_size
    say(console, f"{done.title}: {done.images:,} images at {done.where} ({bytes_text(size)}).")


@data.command()
@click.argument("name", shell_complete=completion.datasets)
@data_root_option
@click.pass_context
def check(ctx: click.Context, name: str, data_root: Path) -> None:
    """Count classes and images; find unreadable files and duplicates between splits. Exits 1 on a problem.

    \b
    Example:
      rsbench data check nwpu45 --data-root /data
    """  # noqa: D301 - click reads \b
    from rich.progress import MofNCompleteColumn, TimeRemainingColumn  # late: start-up

    from rsbench import datasets as table
    from rsbench.bars import bars

    console = make_console()
    with bars(console, MofNCompleteColumn(), TimeRemainingColumn()) as progress:
        task = progress.add_task(f"reading {name}", total=None)
        finding = table.check(name, data_root, lambda count, total: progress.update(task, completed=count, total=total))
    for sentence in finding.sentences():
        say(console, sentence)
    ctx.exit(0 if finding.ok else 1)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
