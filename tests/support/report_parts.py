"""Parts of reports, for the tests that look at one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rsbench.reports import build_report
from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.settings import Setting
from rsbench.reports.document.table import Section, Table


def comparison_of(records: Sequence[dict[str, Any]]) -> Comparison:
    """Return the rows of records that are all of one setting."""
    return Comparison(Setting(records=tuple(records), hardware="Example CPU"))


def only_section(records: Sequence[dict[str, Any]]) -> Section:
    """Return the one section of a report on some records."""
    report = build_report(records)
    assert len(report.sections) == 1
    return report.sections[0]


def table_of(section: Section, start: str) -> Table:
    """Return the first table whose title begins so."""
    return next(table for table in section.tables if table.title.startswith(start))


def column(table: Table, title: str) -> dict[str, str]:
    """Return a column's texts by the first text of their row, without marks."""
    index = [one.title for one in table.columns].index(title)
    return {row[0].partition(" [")[0]: row[index] for row in table.rows}
