"""One list: rows with a name, printed as a table or as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rsbench.cli.document import print_document
from rsbench.console import make_console, make_progress_console, say, styled
from rsbench.errors import RsbenchError, did_you_mean

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a user asks of a list.

    Attributes:
        verbose: whether details are printed, too.
        names: what to list; folders for recorded runs. Empty for everything.
        out: the result folder where no other is named.
    """

    verbose: bool = False
    names: tuple[str, ...] = ()
    out: Path = Path("rsbench-results")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a list.

    Attributes:
        name: what a user selects it by.
        texts: one a column.
        facts: what the JSON document says of it, details included.
        remarks: sentences under the table, printed always.
        details: sentences under the table, printed with ``--verbose``.
        folded: what the table shows once for this and similar rows, unless names or details are asked for.
    """

    name: str
    texts: tuple[str, ...]
    facts: Mapping[str, Any]
    remarks: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    folded: Row | None = None


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A list.

    Attributes:
        what: the key of its rows in the JSON document, such as ``datasets``.
        columns: headings.
        rows: its lines.
        results: sentences after the table that belong to the result.
        hints: sentences that say how to use it; they go to standard error.
    """

    what: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    results: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()

    def only(self, names: Sequence[str]) -> Listing:
        """Return the list with the named rows only, unfolded; all of them where no name is given.

        The name of a folded row stands for all rows that it stands for.

        Raises:
            RsbenchError: no row has that name.
        """
        known: dict[str, list[Row]] = {}
        for row in self.rows:
            for name in (row.name, row.folded.name) if row.folded else (row.name,):
                known.setdefault(name, []).append(replace(row, folded=None))
        for name in names:
            if name not in known:
                raise RsbenchError(f'`rsbench list {self.what}` has no "{name}".{did_you_mean(name, known)}')
        chosen = {row.name: row for name in names for row in known[name]}
        return replace(self, rows=tuple(chosen.values())) if names else self

    def print_json(self) -> None:
        """Print the rows' facts as one JSON document."""
        print_document({self.what: [row.facts for row in self.rows]})

    def show(self, *, verbose: bool) -> None:
        """Print the table, then what is to be said of single rows, then sentences."""
        console = make_console()
        rows = self.rows if verbose else self._folded()
        if rows:
            draw(console, self.columns, [row.texts for row in rows])
        for row in rows:
            lines = (*row.remarks, *(row.details if verbose else ()))
            if lines:
                say(console, row.name, "bold")
            for line in lines:
                say(console, f"  {line}")
        for line in self.results:
            say(console, line)
        hints = make_progress_console()
        for line in self.hints:
            say(hints, line, "dim")

    def _folded(self) -> tuple[Row, ...]:
        """Return the rows with those that are folded shown once."""
        shown = (row.folded or row for row in self.rows)
        return tuple({row.name: row for row in shown}.values())


def draw(console: Console, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table that keeps to the console's width: texts are wrapped at words, never cut.

    Args:
        console: where to.
        columns: headings.
        rows: texts, one a column.
    """
    from rich import box  # late: start-up
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False, safe_box=True)
    for heading in columns:
        table.add_column(styled(console, heading), overflow="fold")
    for row in rows:
        table.add_row(*(styled(console, text) for text in row))
    console.print(table)
