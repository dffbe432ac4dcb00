"""The commands ``rsbench data fetch`` and ``rsbench data check``."""

from __future__ import annotations

from pathlib import Path

import click

from rsbench.cli.document import print_document
from rsbench.cli.grammar import completion
from rsbench.cli.grammar.command import Group
from rsbench.cli.options.output import json_option, quiet_option
from rsbench.cli.options.shared import data_root_option
from rsbench.console import make_console, make_progress_console, say
from rsbench.units import bytes_text


@click.group(cls=Group)
def data() -> None:
    """Fetch and check data sets."""


@data.command(short_help="Download a data set, check it and unpack it.")
@click.argument("name", shell_complete=completion.datasets)
@data_root_option
@quiet_option
@json_option
def fetch(name: str, data_root: Path, quiet: bool, as_json: bool) -> None:
    """Download a data set, check it and unpack it.

    HF_ENDPOINT names another server for files of the Hugging Face Hub, HF_TOKEN is sent to that server only.

    \b
    Example:
      rsbench data fetch ucm21 --data-root /data
    """  # noqa: D301 - click reads \b
    from rich.progress import DownloadColumn, TimeRemainingColumn  # late: start-up

    from rsbench import datasets as table
    from rsbench.bars import bars

    aside = make_progress_console(quiet=quiet)
    with bars(aside, DownloadColumn(), TimeRemainingColumn()) as progress:
        tasks = {}

        def show(file: str, count: int, total: int) -> None:
            if file not in tasks:
                tasks[file] = progress.add_task(file)
                if not aside.is_terminal:
                    say(aside, f"{file} ...")
            progress.update(tasks[file], completed=count, total=total or None)

        done = table.fetch(name, data_root, show)
    for note in done.notes:
        say(aside, note)
    size_bytes, dataset = _size_bytes(done.where), table.get(name)
    if as_json:
        facts = {"name": name, "where": done.where, "images": done.images, "size_bytes": size_bytes}
        files = [
            {"path": file.path, "size_bytes": file.size_bytes, "sha256": file.sha256, "downloaded": file.downloaded}
            for file in done.files
        ]
        print_document({**facts, "files": files, "homepage": dataset.homepage or None, "notes": done.notes})
        return
    say(make_console(), f"{done.title}: {done.images:,} images at {done.where} ({bytes_text(size_bytes)}).")
    say(aside, f"Licence: {dataset.licence}. Cite: {dataset.citation}")
    if dataset.homepage:
        say(aside, f"Homepage: {dataset.homepage}")


@data.command(short_help="Find what is missing, unreadable or twice.")
@click.argument("name", shell_complete=completion.datasets)
@data_root_option
@quiet_option
@json_option
@click.pass_context
def check(ctx: click.Context, name: str, data_root: Path, quiet: bool, as_json: bool) -> None:
    """Count classes and images; find unreadable files and duplicates between splits. Exits 1 on a problem.

    \b
    Example:
      rsbench data check nwpu45 --data-root /data
    """  # noqa: D301 - click reads \b
    from rich.progress import MofNCompleteColumn, TimeRemainingColumn  # late: start-up

    from rsbench import datasets as table
    from rsbench.bars import bars

    aside = make_progress_console(quiet=quiet)
    with bars(aside, MofNCompleteColumn(), TimeRemainingColumn()) as progress:
        task = progress.add_task(f"reading {name}", total=None)
        finding = table.check(name, data_root, lambda count, total: progress.update(task, completed=count, total=total))
    if as_json:
        print_document({"name": name, "ok": finding.ok, "sentences": finding.sentences(), **finding.facts()})
    else:
        console = make_console()
        for sentence in finding.sentences():
            say(console, sentence)
    ctx.exit(0 if finding.ok else 1)


def _size_bytes(where: Path) -> int:
    """Return the bytes of a file, or of all files in a folder."""
    files = [path for path in where.rglob("*") if path.is_file()] if where.is_dir() else [where]
    return sum(path.stat().st_size for path in files)
