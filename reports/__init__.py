"""Reports: records -> one ``Report`` of tables -> the formats, which only draw.

A new format is one file with a function ``write`` and one line in ``FORMATS``; a new table, one line in
``tables.SECTION_TABLES``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from rsbench.errors import RsbenchError, did_you_mean
from rsbench.reports.build import build_report
from rsbench.reports.document.table import Report
from rsbench.reports.formats import csv, json, latex, markdown
from rsbench.reports.formats.terminal import show
from rsbench.reports.html import page
from rsbench.results.schema import Record

__all__ = [
    "ALIASES",
    "DEFAULT_FORMATS",
    "FORMATS",
    "Report",
    "build_report",
    "format_names",
    "show",
    "write_report",
]

Write = Callable[[Report, Path], list[Path]]
"""What writes a report into a folder and returns the paths; ``RsbenchError`` where the folder cannot be written to."""

FORMATS: Final[dict[str, Write]] = {
    "markdown": markdown.write,
    "csv": csv.write,
    "html": page.write,
    "latex": latex.write,
    "json": json.write,
}
ALIASES: Final = {"md": "markdown", "tex": "latex"}
"""Other names of formats."""
DEFAULT_FORMATS: Final = ("markdown", "csv", "html")
"""What is written unless other formats are asked for."""


def write_report(
    records: Sequence[Record] | Report,
    out_dir: Path,
    formats: Sequence[str] = DEFAULT_FORMATS,
    *,
    problems: Sequence[str] = (),
) -> list[Path]:
    """Write a report in some formats.

    Args:
        records: checked records, or a report that was built from them already.
        out_dir: the folder for the files.
        formats: names in ``FORMATS`` or ``ALIASES``.
        problems: sentences on records that could not be used.

    Returns:
        The paths written.

    Raises:
        RsbenchError: for an unknown format, or a folder that cannot be written to.
    """
    wanted = format_names(formats)
    report = records if isinstance(records, Report) else build_report(records, problems)
    written: dict[str, list[Path]] = {}
    for name in sorted(wanted, key=lambda name: name == "html"):  # last: the page links the files beside it
        files = tuple(path.name for paths in written.values() for path in paths if path.parent == out_dir)
        written[name] = FORMATS[name](replace(report, files=files), out_dir)
    return [path for name in wanted for path in written[name]]


def format_names(names: Sequence[str]) -> list[str]:
    """Return the formats that some names or aliases stand for, each once.

    Raises:
        RsbenchError: for an unknown format.
    """
    known = {**ALIASES, **{name: name for name in FORMATS}}
    for name in names:
        if name not in known:
            raise RsbenchError(f'There is no report format "{name}".{did_you_mean(name, known)}')
    return list(dict.fromkeys(known[name] for name in names))
