"""The command ``rsbench scale``."""

from __future__ import annotations

from pathlib import Path

import click

from rsbench.cli.grammar import completion
from rsbench.cli.grammar.command import LINKS, MACHINES, OUTPUT, Command, heading
from rsbench.cli.grammar.lists import joined, list_option
from rsbench.cli.options.shared import PATH
from rsbench.cli.report import recorded, say_written
from rsbench.console import make_console
from rsbench.errors import RsbenchError
from rsbench.links.link import parse_link
from rsbench.recipe.ranges import MOST


@click.command(cls=Command)
@click.argument("folders", nargs=-1, metavar="[DIR]...", type=PATH)
@heading(
    LINKS,
    list_option(
        "--link",
        "links",
        metavar="LINK",
        shell_complete=completion.links,
        help="Links between nodes: `rsbench list links`.  [1gbit,10gbit]",
    ),
    click.option("--inside", default="200gbit", show_default=True, metavar="LINK", help="Link within a node."),
)
@heading(
    MACHINES, click.option("--per-node", type=int, default=1, show_default=True, metavar="N", help="Workers of a node.")
)
@heading(
    OUTPUT,
    list_option(
        "--format",
        "formats",
        default=("md", "csv", "html", "json"),
        metavar="NAMES",
        callback=joined,
        shell_complete=completion.formats,
        help="Files to write: md, csv, html, tex, json.  [md,csv,html,json]",
    ),
    click.option("--out", type=PATH, help="Folder for the files.  [scale in the first DIR]"),
)
def scale(
    folders: tuple[Path, ...], links: tuple[str, ...], per_node: int, inside: str, formats: str, out: Path | None
) -> None:
    """Say what 2 to 4,096 workers and 10 Mbit/s to 400 Gbit/s would do to what is recorded.

    Steps, efficiency and break-even speeds are modelled from one recorded number of workers, each with the same batch
    (weak scaling). Where the same cells ran on emulated links too, the model's error stands beside.

    \b
    Examples:
      rsbench scale
      rsbench scale rsbench-results --link 25gbit --per-node 8 --inside 400gbit
      rsbench scale study --link leo --format json --out plan
    """  # noqa: D301 - click reads \b
    from rsbench import reports  # late: start-up
    from rsbench.reports.scale.build import build_scale

    if not 1 <= per_node <= MOST["workers"]:
        raise RsbenchError(f"--per-node is {per_node}, but must be from 1 to {MOST['workers']:,.0f}.")
    asked, within = [parse_link(text) for text in links], parse_link(inside)
    console = make_console()
    wanted = reports.format_names([name.strip() for name in formats.split(",") if name.strip()])
    if not wanted:
        raise RsbenchError(f"--format names no format; known are {', '.join(reports.FORMATS)}.")
    folders = folders or (Path("rsbench-results"),)
    records, problems = recorded(folders)
    built = build_scale(records, problems, links=asked, per_node=per_node, inside=within)
    if not built.sections:
        raise RsbenchError(
            "Nothing recorded here says which collectives a step starts: run the cells again with this version, "
            "--rerun, without --link."
        )
    paths = reports.write_report(built, out or folders[0] / "scale", wanted)
    reports.show(built, console)
    say_written(paths, console)
