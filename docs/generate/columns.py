"""The page of all columns of CSV and JSON files."""

from __future__ import annotations

from generate.tables import code, table
from rsbench.reports.raw.columns import COLUMNS


def page() -> str:
    """Return the page in Markdown."""
    parts = [
        "# Columns of result files\n",
        "Every column of a report's CSV files, of the objects with the same names in `report.json`, and of the frames"
        " of `rsbench.load`. The page's tables in `report.json` and a cell's `record.json` are not described here."
        " Empty cells are missing values. Shares are fractions, times are seconds. The page is made from what the"
        " writers use.\n",
    ]
    for file, columns in COLUMNS.items():
        rows = [(code(one.name), one.kind, one.unit or "", one.meaning) for one in columns]
        parts += [f"## `{file}`\n", table(("Column", "Kind", "Unit", "Meaning"), rows)]
    return "\n".join(parts)
