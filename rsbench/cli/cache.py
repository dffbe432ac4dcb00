"""The command ``rsbench cache``."""

from __future__ import annotations

import os

import click

from rsbench.cli.document import print_document
from rsbench.cli.options.output import json_option
from rsbench.console import complain, make_console, say
from rsbench.errors import RsbenchError
from rsbench.paths import cache_root
from rsbench.units import bytes_text


@click.command()
@click.option("--clear", is_flag=True, help="Delete what rsbench has cached; it is made again when needed.")
@click.option("--yes", is_flag=True, help="With --clear: do not ask.")
@json_option
def cache(clear: bool, yes: bool, as_json: bool) -> None:
    """Show the folder of prepared data and model facts, its size, or delete what is in it.

    Only files that rsbench made are counted and deleted; links are never followed. Data sets and results are elsewhere.
    The environment variable RSBENCH_CACHE names another folder.

    \b
    Examples:
      rsbench cache
      rsbench cache --clear
      rsbench cache --clear --yes      without a question, for scripts
    """  # noqa: D301 - click reads \b
    from rsbench import cache as store  # late: start-up
    from rsbench.cli.lists.table import draw

    if yes and not clear:
        raise RsbenchError("--yes answers the question of --clear: give both.")
    root = cache_root()
    held = store.holdings(root)
    size_bytes = sum(holding.size_bytes for holding in held)
    freed_bytes = None
    if clear:
        if size_bytes and not yes:
            _ask(f"Delete {bytes_text(size_bytes)} in {root}?")
        freed_bytes = store.clear(root)
    if as_json:
        kinds = [{"kind": h.kind.name, "size_bytes": h.size_bytes, "entries": h.entries} for h in held]
        facts = {"path": root, "from_variable": bool(os.environ.get("RSBENCH_CACHE")), "size_bytes": size_bytes}
        print_document({**facts, "kinds": kinds, "freed_bytes": freed_bytes})
        return
    console = make_console()
    if freed_bytes is not None:
        say(console, f"Deleted {bytes_text(freed_bytes)} in {root}.")
        return
    say(console, f"Cache: {root}", "bold")
    rows = [(h.kind.title, f"{len(h.entries):,}", bytes_text(h.size_bytes)) for h in held]
    draw(console, ("Kind", "Entries", "Size"), rows)
    say(
        console,
        f"{bytes_text(size_bytes)} in all. `rsbench cache --clear` deletes it." if size_bytes else "It is empty.",
    )


def _ask(question: str) -> None:
    """Go on if the user says yes.

    Raises:
        RsbenchError: the answer is no, or nobody can answer.
    """
    try:
        agreed = click.confirm(question, err=True)
    except click.Abort:  # nobody answers, and the question is still the last line
        complain("")
        agreed = False
    if not agreed:
        raise RsbenchError("Nothing was deleted: answer y, or give --yes.")
