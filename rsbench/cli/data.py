"""The commands ``rsbench data fetch`` and ``rsbench data check``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rsbench.cli.document import print_document
from rsbench.cli.grammar import completion
from rsbench.cli.grammar.command import Group
from rsbench.cli.options.output import json_option, quiet_option
from rsbench.cli.options.shared import data_root_option
from rsbench.console import make_console, make_progress_console, say
from rsbench.errors import RsbenchError
from rsbench.units import bytes_text

if TYPE_CHECKING:
    from rsbench.datasets.base import Finding


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

    A name that stands for several data sets, such as abu, checks those that are there.

    \b
    Example:
      rsbench data check nwpu45 --data-root /data
    """  # noqa: D301 - click reads \b
    from rich.progress import MofNCompleteColumn, TimeRemainingColumn  # late: start-up

    from rsbench import datasets as table
    from rsbench.bars import bars

    findings: dict[str, Finding | RsbenchError] = {}
    with bars(make_progress_console(quiet=quiet), MofNCompleteColumn(), TimeRemainingColumn()) as progress:
        for one in table.present(name, data_root):
            task = progress.add_task(f"reading {one}", total=None)

            def show(count: int, total: int, task: Any = task) -> None:
                progress.update(task, completed=count, total=total)

            try:
                findings[one] = table.check(one, data_root, show)
            except RsbenchError as error:
                if one == name:
                    raise
                findings[one] = error  # the others of a family are checked all the same
    documents = {one: _document(one, finding) for one, finding in findings.items()}
    if as_json:
        ok = all(document["ok"] for document in documents.values())
        family = {"name": name, "ok": ok, "data_sets": list(documents.values())}
        print_document(documents.get(name, family))
    else:
        console = make_console()
        for one, document in documents.items():
            sentences = document["sentences"]
            for line in sentences if one == name else [f"{one}: {' '.join(sentences)}"]:
                say(console, line)
    ctx.exit(max(_status(finding) for finding in findings.values()))


def _document(name: str, finding: Finding | RsbenchError) -> dict[str, Any]:
    """Return what a check found, or the error that it ended with, as plain values."""
    if isinstance(finding, RsbenchError):
        return {"name": name, "ok": False, "sentences": [str(finding)]}
    return {"name": name, "ok": finding.ok, "sentences": finding.sentences(), **finding.facts()}


def _status(finding: Finding | RsbenchError) -> int:
    """Return the exit status: 0 for sound data, 1 for a problem, 2 where nothing could be checked."""
    if isinstance(finding, RsbenchError):
        return 2
    return 0 if finding.ok else 1


def _size_bytes(where: Path) -> int:
    """Return the bytes of a file, or of all files in a folder."""
    files = [path for path in where.rglob("*") if path.is_file()] if where.is_dir() else [where]
    return sum(path.stat().st_size for path in files)
