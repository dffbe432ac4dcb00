"""CSV: ``methods.csv``, one row a method, and ``cells.csv``, one row a cell, with all digits.

UTF-8, commas, Unix line ends.
"""

from __future__ import annotations

from pathlib import Path

from rsbench.reports.files import write_text
from rsbench.reports.table import Report, Table


def write(report: Report, folder: Path) -> list[Path]:
    """Write both files.

    Args:
        report: what to draw.
        folder: where to.

    Returns:
        The paths written.

    Raises:
        RsbenchError: when the folder cannot be written to.
    """
    tables = (report.methods, report.cells)
    return [write_text(folder / f"{table.title}.csv", render(table)) for table in tables]


def render(table: Table) -> str:
    """Return a table as CSV; texts with commas, quotes or line breaks are quoted."""
    text: str = table.frame().to_csv(index=False, lineterminator="\n")
    return text
