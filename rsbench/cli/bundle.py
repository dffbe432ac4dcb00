"""The command ``rsbench bundle``."""

from __future__ import annotations

from pathlib import Path

import click

from rsbench.cli.grammar.command import OUTPUT, Command, heading
from rsbench.cli.options.shared import PATH
from rsbench.console import make_console, make_progress_console, say


@click.command(cls=Command)
@click.argument("results", metavar="[DIR]", type=PATH, default=Path("rsbench-results"))
@heading(
    OUTPUT,
    click.option(
        "--out", "-o", type=PATH, metavar="FILE", help="Archive to write.  [the folder's name.rsbench.zip, here]"
    ),
)
def bundle(results: Path, out: Path | None) -> None:
    """Write one archive of a result folder, for others to check.

    It holds the records, samples, logs, plan, versions and the report of all finished cells. Paths, users, hosts and
    addresses of the machine are replaced; no number is changed. `rsbench report`, `rsbench report --compare` and
    `rsbench.load` read the archive like a folder.

    \b
    Examples:
      rsbench bundle
      rsbench bundle rsbench-results -o ucm21.rsbench.zip
      rsbench report ucm21.rsbench.zip
    """  # noqa: D301 - click reads \b
    from rsbench.bundles.archive import SUFFIX  # late: start-up
    from rsbench.bundles.bundle import write_bundle
    from rsbench.units import bytes_text, count_text

    target = out or Path(f"{results.resolve().name}{SUFFIX}")
    written = write_bundle(results, target)
    notes = make_progress_console()
    for words in written.left_out:
        say(notes, f"Left out: {words}.")
    say(notes, "Read the logs before you publish: a name that rsbench does not know is not replaced.")
    size = bytes_text(target.stat().st_size)
    say(make_console(), f"Written: {target} ({count_text(written.cells, 'cell')}, {size})")
