"""The command ``rsbench list``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from rsbench.cli.lists import catalog
from rsbench.cli.lists.runs import runs
from rsbench.cli.lists.table import Asked, Listing, Row
from rsbench.cli.options.output import json_option
from rsbench.cli.options.shared import PATH
from rsbench.metrics import facts_of
from rsbench.models.rates import RATES
from rsbench.planning import probe
from rsbench.recipe import fedfusion


def _models(asked: Asked) -> Listing:
    """Return the models that --model takes, by task."""
    rows = []
    for task, names in probe.model_names().items():
        for name in names:
            remark = f"learning rate {RATES[name]:g} at most by default" if name in RATES else ""
            remark = f"{fedfusion.AFTER}; {fedfusion.OPTIONS}" if name == fedfusion.NAME else remark
            facts = {"name": name, "task": task, "remark": remark or None}
            rows.append(Row(name=name, texts=(name, facts_of(task).title, remark), facts=facts))
    return Listing(what="models", columns=("Model", "Task", "Remark"), rows=tuple(rows))


LISTS: Final[dict[str, Callable[[Asked], Listing]]] = {
    "compressors": catalog.compressors,
    "datasets": catalog.datasets,
    "links": catalog.links,
    "models": _models,
    "partitions": catalog.partitions,
    "plans": catalog.plans,
    "runs": runs,
    "sync": catalog.ways_to_exchange,
}


@click.command("list")
@click.argument("what", type=click.Choice(list(LISTS)))
@click.argument("names", nargs=-1, metavar="[NAME|DIR]...")
@click.option("-v", "--verbose", is_flag=True, help="With options, sources, layouts or reasons.")
@click.option("--out", type=PATH, default=Path("rsbench-results"), show_default=True, help="Result folder of `runs`.")
@json_option
def list_command(what: str, names: tuple[str, ...], verbose: bool, out: Path, as_json: bool) -> None:
    """List compressors, data sets, links, models, shipped plans, recorded runs, or what --sync and --partition take.

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
