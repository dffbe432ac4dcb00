"""What is recorded in result folders and bundles, as pandas frames."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rsbench.bundles.opened import open_results
from rsbench.errors import RsbenchError
from rsbench.frames.typed import dictionary, frame
from rsbench.links.asked import read_asked
from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.on_link import OnLink
from rsbench.reports.analysis.settings import split_by_setting
from rsbench.reports.document.table import Table
from rsbench.reports.raw.links import links_table
from rsbench.reports.raw.rows import cells_table, methods_table
from rsbench.results.folder import CellFolder
from rsbench.results.records import list_runs, read_records

if TYPE_CHECKING:
    import pandas

DEFAULT: Final = "rsbench-results"
"""The folder that ``rsbench compare`` writes to."""


@dataclass(frozen=True, eq=False)
class Results:
    """What is recorded in result folders and bundles.

    Columns have the names, units and meanings of the CSV files; :attr:`columns` lists them. Types do not depend on the
    values: texts are ``string``, counts ``Int64``, flags ``boolean`` and other numbers ``float64``. Fractions are
    fractions, times seconds, sizes bytes. What is not known is missing.

    Attributes:
        sources: the folders and bundles.
        comparisons: the records, by setting.
        problems: sentences on records that could not be used.
    """

    sources: tuple[Path, ...]
    comparisons: tuple[Comparison, ...]
    problems: tuple[str, ...]

    def __repr__(self) -> str:
        cells = sum(len(comparison.setting.records) for comparison in self.comparisons)
        return f"Results({', '.join(map(str, self.sources))}: {cells} cells)"

    @cached_property
    def cells(self) -> pandas.DataFrame:
        """One row a cell, finished or not."""
        return _typed("cells", cells_table([comparison.setting for comparison in self.comparisons]))

    @cached_property
    def methods(self) -> pandas.DataFrame:
        """One row a method and ratio of each setting, like the main table of the report."""
        return _typed("methods", methods_table(self.comparisons))

    @cached_property
    def curves(self) -> pandas.DataFrame:
        """One row a validation of each cell: score, losses, steps, seconds and bytes so far."""
        return frame("curves", (row for whose, record in self._whose() for row in _curve(whose, record)))

    @cached_property
    def columns(self) -> pandas.DataFrame:
        """The data dictionary: frame, column, kind, unit and meaning of every column."""
        return dictionary()

    def links(self, *links: str, latency: str | None = None, contact: str | None = None) -> pandas.DataFrame:
        """Return one row a link and method: modelled times and bytes of the run on that link.

        Args:
            links: as ``rsbench report --link`` takes them: ``10mbit``, ``1gbit:latency=5ms``, or a preset.
            latency: round trip of links that name none, such as ``600ms``.
            contact: when links are there, such as ``8m/95m``.

        Raises:
            RsbenchError: a link that cannot be read.
        """
        asked = read_asked(links, latency, contact)
        return _typed(
            "links",
            links_table(
                [
                    OnLink(comparison=comparison, link=link, contact=asked.contact)
                    for comparison in self.comparisons
                    for link in asked.links
                ]
            ),
        )

    def steps(self, keys: Collection[str] | None = None) -> pandas.DataFrame:
        """Return one row a step of cells: loss, bytes and the parts of its time. It is read from files each time.

        Args:
            keys: of the cells, as :attr:`cells` has them; None takes all.

        Raises:
            RsbenchError: a folder or bundle is there no more.
        """
        whose = {of["key"]: of for of, _ in self._whose() if keys is None or of["key"] in keys}
        with open_results(self.sources) as opened:
            runs = [run for run in list_runs(opened.folders) if run.record and run.record["key"] in whose]
            rows = (
                {**whose[run.record["key"]], **step}
                for run in runs
                if run.record is not None
                for step in _steps(CellFolder(run.folder).samples)
            )
            return frame("steps", rows)

    def _whose(self) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """Yield what tells each cell from the others, with its record."""
        for comparison in self.comparisons:
            for method in comparison.methods:
                for record in method.records:
                    cell = record["cell"]
                    names = {"key": record["key"], "method": method.label}
                    yield {**names, "dataset": cell["dataset"], "model": cell["model"]}, record


def load(*results: str | Path) -> Results:
    """Return what is recorded in result folders and bundles as pandas frames.

    Args:
        results: folders that ``rsbench compare`` wrote, or archives that ``rsbench bundle`` wrote; several are taken
            together. Without one it is ``rsbench-results``.

    Returns:
        ``cells``, ``methods`` and ``curves`` as frames; ``links(...)`` and ``steps(...)`` for more.

    Raises:
        RsbenchError: no such folder, or nothing in it that can be used.
    """
    sources = tuple(map(Path, results or (DEFAULT,)))
    with open_results(sources) as opened:
        records, found = read_records(opened.folders)
        problems = tuple(map(opened.named, found))
    if not records:
        reason = f" ({problems[0]})" if problems else ""
        looked = ", ".join(map(str, sources))
        raise RsbenchError(f"Nothing usable is recorded in {looked}{reason}: run `rsbench compare` first.")
    return Results(sources, tuple(map(Comparison, split_by_setting(records))), problems)


def _typed(name: str, table: Table) -> pandas.DataFrame:
    """Return a flat table as a frame."""
    names = [column.name for column in table.columns]
    return frame(name, (dict(zip(names, row, strict=True)) for row in table.values))


def _curve(whose: Mapping[str, Any], record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield one row an entry of a record's history."""
    for entry in record.get("history") or []:
        yield {**record["cell"], **entry, **whose, "lr": record["cell"]["lr"], "step_lr": entry["lr"]}


def _steps(samples: Path) -> Iterator[dict[str, Any]]:
    """Yield the steps among a cell's raw samples; a line that is none, or was cut short, is left out."""
    if samples.is_symlink() or not samples.is_file():
        return
    with samples.open(encoding="utf-8", errors="replace") as stream:
        for line in stream:
            try:
                value = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(value, dict) and value.get("kind") == "step":
                yield value
