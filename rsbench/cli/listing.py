"""The command ``rsbench list``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from rsbench.cli.grammar.command import DATA, OUTPUT, Command, heading
from rsbench.cli.lists import catalog
from rsbench.cli.lists.models import models
from rsbench.cli.lists.runs import runs
from rsbench.cli.lists.table import Asked, Listing
from rsbench.cli.options.output import json_option
from rsbench.cli.options.shared import PATH

LISTS: Final[dict[str, Callable[[Asked], Listing]]] = {
    "compressors": catalog.compressors,
    "datasets": catalog.datasets,
    "links": catalog.links,
    "models": models,
    "partitions": catalog.partitions,
    "plans": catalog.plans,
    "prune": catalog.ways_to_prune,
    "runs": runs,
    "sync": catalog.ways_to_exchange,
}


@click.command("list", cls=Command)
@click.argument("what", type=click.Choice(list(LISTS)), metavar="WHAT")
@click.argument("names", nargs=-1, metavar="[NAME|DIR]...")
@heading(
    OUTPUT,
    click.option("-v", "--verbose", is_flag=True, help="With options, sources, layouts or reasons."),
)
@heading(
    DATA,
    click.option("--out", type=PATH, default=Path("rsbench-results"), show_default=True, help="Folder of `runs`."),
)
@json_option
def list_command(what: str, names: tuple[str, ...], verbose: bool, out: Path, as_json: bool) -> None:
    """List compressors, datasets, links, models, partitions, plans, prune, runs or sync: give one of these words.

    Names after the list choose its rows; for `runs` they are result folders.

    \b
    Examples:
      rsbench list compressors -v      every option with its range and default
      rsbench list datasets ucm21 -v   one data set: layout, licence, homepage
      rsbench list runs                what is done, failed or unfinished
      rsbench list runs DIR --json     the same of another folder, for programs
    """  # noqa: D301 - click reads \b
    asked = Asked(verbose=verbose, names=names, out=out)
    listing = LISTS[what](asked)
    chosen = listing if what == "runs" else listing.only(names)
    if as_json:
        chosen.print_json()
    else:
        chosen.show(verbose=verbose)
