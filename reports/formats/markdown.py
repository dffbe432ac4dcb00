"""Markdown: one file, pipe tables that GitHub draws."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from rsbench.reports.document.table import Column, Report, Section, Table
from rsbench.results.folder import write_file
from rsbench.units import one_line

FILE_NAME: Final = "report.md"
_ESCAPES: Final = str.maketrans(
    {"&": "&amp;", "\\": "\\\\", "|": "\\|", "<": "&lt;", ">": "&gt;", "*": "\\*", "_": "\\_", "`": "\\`", "$": "\\$"}
)
_STRIKE_LINK_OR_LIST: Final = re.compile(r"~(?=\S)|(?<=\])\(|^[#+=-](?=[\s#+=-])")
_NUMBERED: Final = re.compile(r"^(\d{1,9})([.)])(?=\s|$)")


def write(report: Report, folder: Path) -> list[Path]:
    """Write ``report.md`` and return its path."""
    return [write_file(folder / FILE_NAME, render(report))]


def render(report: Report) -> str:
    """Return the report as Markdown."""
    lines = [f"# {escape(report.title)}", ""]
    for section in report.sections:
        lines += _section(section)
    if not report.sections:
        lines += ["No cells are recorded.", ""]
    if report.problems:
        lines += ["## Records that could not be used", "", *(f"- {escape(text)}" for text in report.problems), ""]
    lines += ["## How to read the tables", "", *(f"- {escape(text)}" for text in report.how_to_read), ""]
    return "\n".join(lines)


def _section(section: Section) -> list[str]:
    """Return one setting's lines."""
    lines = [f"## {escape(section.title)}", "", f"**{escape(section.conclusion)}**", ""]
    lines += [f"- {escape(fact)}" for fact in section.facts]
    lines.append("")
    for table in section.tables:
        lines += _folded(table) if table.is_detail else [f"### {escape(table.title)}", "", *table_lines(table), ""]
    if section.notes:
        lines += ["Notes:", ""]
        lines += [f"- [{number}] {escape(note)}" for number, note in enumerate(section.notes, start=1)]
        lines.append("")
    return lines


def _folded(table: Table) -> list[str]:
    """Return a table that opens on a click."""
    return [f"<details><summary>{escape(table.title)}</summary>", "", *table_lines(table), "", "</details>", ""]


def table_lines(table: Table) -> list[str]:
    """Return a pipe table whose source is aligned as well."""
    texts = [[escape(column.heading) for column in table.columns]]
    texts += [
        [_shown(text, is_best=(number, place) in table.best) for place, text in enumerate(row)]
        for number, row in enumerate(table.rows)
    ]
    widths = [max(3, *(len(row[index]) for row in texts)) for index in range(len(table.columns))]
    rules = ["-" * (width - 1) + (":" if column.align == "right" else "-") for column, width in _zip(table, widths)]

    def line(row: list[str]) -> str:
        padded = [
            text.rjust(width) if column.align == "right" else text.ljust(width)
            for text, (column, width) in zip(row, _zip(table, widths), strict=True)
        ]
        return f"| {' | '.join(padded)} |"

    return [line(texts[0]), f"| {' | '.join(rules)} |", *(line(row) for row in texts[1:])]


def _shown(text: str, *, is_best: bool) -> str:
    """Return a cell's text, in bold where it is the best."""
    return f"**{escape(text)}**" if is_best else escape(text)


def _zip(table: Table, widths: list[int]) -> list[tuple[Column, int]]:
    """Return the columns with their widths."""
    return list(zip(table.columns, widths, strict=True))


def escape(text: str) -> str:
    """Return a text that Markdown shows as it is, on one line."""
    return _NUMBERED.sub(r"\1\\\2", _STRIKE_LINK_OR_LIST.sub(r"\\\g<0>", one_line(text).translate(_ESCAPES)))
