"""Parts of reports, for the tests that look at one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rsbench.reports import build_report
from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.settings import Setting
from rsbench.reports.document.figure import Figure, Panel
from rsbench.reports.document.table import Report, Section, Table

NASTY = 'a|b <i>\nλ 地図, "quoted" *star* [bold]x[/bold] `c` \\'
"""What means something to some format or another."""


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


def panels(records: Sequence[dict[str, Any]]) -> dict[str, Panel]:
    """Return the first section's panels by title."""
    return {panel.title: panel for panel in build_report(records).sections[0].figures}


def only(panel: Panel, kind: type[Figure] = Figure) -> Any:
    """Return the one figure of a panel, which must be of a kind."""
    (figure,) = panel.figures
    assert isinstance(figure, kind)
    return figure


def no_draw(figure: Figure, name: str) -> str:
    """Return an empty drawing."""
    return f'<svg aria-label="{name}"></svg>'


def nasty_report(make_record: Callable[..., dict[str, Any]]) -> Report:
    """Return a report on a finished and a failed cell whose texts are ``NASTY``."""
    record = make_record(dataset={"title": NASTY})
    failed = make_record(compressor="topk", ratio=10.0, status="failed", reason=NASTY)
    return build_report([record, failed], [NASTY])


NOTHING = {"lr": 0.05, "train_loss": None, "val_loss": None, "density_per_tensor": {}}


def with_scores(record: dict[str, Any], scores: list[float | None]) -> dict[str, Any]:
    """Return the record with epochs of 10 steps, 2 seconds and 1000 bytes."""
    record["history"] = [
        {
            **NOTHING,
            "step": 10 * n,
            "elapsed_s": 2.0 * n,
            "payload_bytes_total": 1000 * n,
            "val_score": one,
        }
        for n, one in enumerate(scores, start=1)
    ]
    return record
