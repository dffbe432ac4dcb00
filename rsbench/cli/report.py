"""The command ``rsbench report``."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from rsbench.cli.grammar import completion
from rsbench.cli.grammar.command import LINKS, OUTPUT, TABLES, Command, heading
from rsbench.cli.grammar.lists import joined, list_option
from rsbench.cli.options.shared import PATH, judging_options
from rsbench.console import make_console, make_progress_console, pipe, say
from rsbench.errors import RsbenchError
from rsbench.judging import Intervals, Judging
from rsbench.links.asked import read_asked
from rsbench.results.records import read_records
from rsbench.results.schema import Record

if TYPE_CHECKING:
    from rich.console import Console

    from rsbench.reports.document.table import Report

STANDARD_OUTPUT: Final = Path("-")
"""What ``--out`` takes in place of a folder."""


@click.command(cls=Command)
@click.argument("folders", nargs=-1, metavar="[DIR]...", type=PATH)
@heading(
    TABLES,
    click.option(
        "--compare",
        "changes",
        nargs=2,
        metavar="A B",
        type=PATH,
        help="Say what changed from result folder A to B; --out writes files.",
    ),
    click.option("--against", default="", metavar="ROW", help='Compare accuracy with this row too: "rsdgc 50x".'),
    click.option("--mix-hardware", is_flag=True, help="Put runs from different hardware into one table."),
)
@judging_options
@heading(
    LINKS,
    list_option(
        "--link",
        "links",
        metavar="LINK",
        shell_complete=completion.links,
        help="Say hours and bytes on these links: `rsbench list links`.",
    ),
    click.option("--latency", metavar="TIME", help="Round trip of links that name none: 600ms."),
    click.option("--contact", metavar="PASS/PERIOD", help="Links are up for 8m in every 95m: 8m/95m."),
)
@heading(
    OUTPUT,
    list_option(
        "--format",
        "formats",
        default=("md", "csv", "html"),
        metavar="NAMES",
        callback=joined,
        shell_complete=completion.formats,
        help="Files to write: md, csv, html, tex, json.  [md,csv,html]",
    ),
    click.option("--out", type=PATH, help="Folder for the files; - prints one.  [the first DIR; for a bundle none]"),
    click.option("--quiet", "-q", is_flag=True, help="Write the files and print their paths only."),
)
def report(
    folders: tuple[Path, ...],
    formats: str,
    out: Path | None,
    quiet: bool,
    mix_hardware: bool,
    against: str,
    tolerance: float | None,
    intervals: Intervals,
    links: tuple[str, ...],
    latency: str | None,
    contact: str | None,
    changes: tuple[Path, Path] | None,
) -> None:
    """Show and write tables of everything recorded in one or more result folders or bundles.

    \b
    Examples:
      rsbench report
      rsbench report node-a-results node-b-results --out joint --format csv,tex
      rsbench report --format json --out - | jq .methods
      rsbench report --against "rsdgc 50x"
      rsbench report --link geo,10Mbit/s --latency 600ms
      rsbench report --link 4mbit --contact 8m/95m
      rsbench report --compare results-of-last-week rsbench-results
    """  # noqa: D301 - click reads \b
    from rsbench import reports  # late: start-up
    from rsbench.bundles.opened import open_results
    from rsbench.reports.changes import build_changes

    if changes and (folders or against or mix_hardware or links):
        raise RsbenchError("--compare takes two result folders and excludes DIR, --against, --mix-hardware and --link.")
    asked = read_asked(links, latency, contact)
    judging = Judging(tolerance=tolerance, intervals=intervals)
    console = make_console()
    wanted = reports.format_names([name.strip() for name in formats.split(",") if name.strip()])
    if not wanted:
        raise RsbenchError(f"--format names no format; known are {', '.join(reports.FORMATS)}.")
    opened = click.get_current_context().with_resource(open_results(changes or folders or (Path("rsbench-results"),)))
    if changes:
        (old, old_problems), (new, new_problems) = (recorded([folder]) for folder in opened.folders)
        before, after = map(str, changes)
        problems = list(map(opened.named, [*old_problems, *new_problems]))
        built = build_changes(old, new, (before, after), problems, judging=judging)
        target = out
    else:
        records, problems = recorded(opened.folders)
        problems = list(map(opened.named, problems))
        built = reports.build_report(
            records, problems, mix_hardware=mix_hardware, against=against, judging=judging, asked=asked
        )
        target = out or opened.writable
        if target is None:
            say(make_progress_console(quiet=quiet), "No file is written for a bundle: name a folder with --out.")
    if "latex" in wanted:
        from rsbench.models.bibliography import with_bibliography  # late: start-up

        built = with_bibliography(built)
    _hand_over(built, target, wanted, console, quiet=quiet)


def _hand_over(report: Report, target: Path | None, formats: Sequence[str], console: Console, *, quiet: bool) -> None:
    """Print a report, and write its files where a folder is named; into a pipe goes the one file alone."""
    from rsbench import reports  # late: start-up

    if target == STANDARD_OUTPUT:
        pipe(only_file(report, formats))
        return
    paths = reports.write_report(report, target, formats) if target is not None else []
    if target is None or not quiet:
        reports.show(report, console)
    if paths:
        say_written(paths, console)


def only_file(report: Report, formats: Sequence[str]) -> str:
    """Return the text of the one file that a format writes, for standard output.

    Raises:
        RsbenchError: several formats are asked for, or the one writes several files.
    """
    from rsbench import reports  # late: start-up

    if len(formats) > 1:
        raise RsbenchError(f"--out - takes one format, not {', '.join(formats)}: give --format json, md or html.")
    with tempfile.TemporaryDirectory(prefix="rsbench-report-") as folder:
        paths = reports.write_report(report, Path(folder), formats)
        if len(paths) > 1:
            raise RsbenchError(
                f"The format {formats[0]} has {len(paths)} files ({', '.join(path.name for path in paths)}): name a "
                "folder with --out, or give --format json, md or html."
            )
        return paths[0].read_text(encoding="utf-8")


def recorded(folders: Sequence[Path]) -> tuple[list[Record], list[str]]:
    """Return the records of some folders, and the problems with others.

    Raises:
        RsbenchError: there are none.
    """
    records, problems = read_records(folders)
    if not records:
        looked = ", ".join(map(str, folders))
        reason = f" ({problems[0]})" if problems else ""
        raise RsbenchError(f"Nothing usable is recorded in {looked}{reason}: run `rsbench compare` first.")
    return records, problems


def say_written(paths: list[Path], console: Console) -> None:
    """Say which files were written, folders of many files in one line."""
    shown = dict.fromkeys(path if path.parent == paths[0].parent else path.parent for path in paths)
    for path in shown:
        say(console, f"Written: {path}")
