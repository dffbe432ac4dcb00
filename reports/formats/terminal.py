"""The terminal: tables as wide as the window, cut into several where they are wider."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from rsbench.console import styled
from rsbench.reports.document.table import Report, Section, Table
from rsbench.units import one_line

MOST_DETAIL_ROWS: Final = 24
"""Details with more rows than this are left to the files."""
_GAP: Final = 2
"""Characters between columns: one of padding and one where rich may draw a line."""
_COMPARED: Final = "Comparison"
"""Title of the table that has a row a method."""
_SELECTED: Final = "Training-set selection"
"""How the title of the table begins that says what scoring and training take."""


def show(report: Report, console: Console) -> None:
    """Print a report; the console's width and encoding are kept to."""
    for section in report.sections:
        _show_section(section, console)
    for problem in report.problems:
        _say(console, problem, "yellow")


def _show_section(section: Section, console: Console) -> None:
    """Print one setting: tables, notes, then the conclusion last, where the eye is, its answer in bold."""
    _say(console, section.title, "bold")
    for fact in section.facts:
        _say(console, fact, "dim")
    tables = _tables_shown(section)
    for table in tables:
        if table.is_detail and len(table.rows) > MOST_DETAIL_ROWS:
            _say(console, f"{table.title}: {len(table.rows)} rows, in the Markdown report.", "dim")
            continue
        _say(console, "")
        _say(console, table.title, "italic")
        for piece in pieces(table, console.width):
            console.print(_drawn(piece, console))
    for number, note in enumerate(section.notes, start=1):
        if len(tables) < len(section.tables) and not any(_has_mark(table, f"[{number}]") for table in tables):
            continue  # its mark is in a table that is not shown
        _say(console, f"[{number}] {note}", "dim")
    _say(console, "")
    answer, *reasons = section.sentences
    _say(console, answer, "bold")
    for sentence in reasons:
        _say(console, sentence)
    _say(console, "")


def _tables_shown(section: Section) -> tuple[Table, ...]:
    """Return the tables of a section: of a single method those that say something of one row."""
    compared = next((table for table in section.tables if table.title == _COMPARED), None)
    if compared is None or len(compared.rows) > 1:
        return section.tables
    return tuple(table for table in section.tables if table is compared or table.title.startswith(_SELECTED))


def _has_mark(table: Table, mark: str) -> bool:
    """Return whether a table's title or one of its rows has a note's mark."""
    return mark in table.title or any(mark in text for row in table.rows for text in row)


def pieces(table: Table, width: int) -> list[Table]:
    """Return a table cut by columns so that each piece fits a width; its leading columns begin every piece.

    Args:
        table: with texts of any width.
        width: in characters. A single column that is wider still stands alone and is wrapped.
    """
    needs = [
        max(len(column.heading), *(len(row[index]) for row in table.rows), 0)
        for index, column in enumerate(table.columns)
    ]
    leading = list(range(table.leading))
    at_least = sum(needs[index] for index in leading) + _GAP * (len(leading) - 1)
    groups, used = [leading[:]], at_least
    for index in range(len(leading), len(needs)):
        if used + _GAP + needs[index] > width and len(groups[-1]) > len(leading):
            groups.append(leading[:])
            used = at_least
        groups[-1].append(index)
        used += _GAP + needs[index]
    return [
        replace(
            table,
            columns=tuple(table.columns[index] for index in group),
            rows=tuple(tuple(row[index] for index in group) for row in table.rows),
            values=(),
            best=frozenset((row, group.index(column)) for row, column in table.best if column in group),
        )
        for group in groups
    ]


def _drawn(table: Table, console: Console) -> RichTable:
    """Return rich's table of a piece."""
    drawn = RichTable(box=box.SIMPLE_HEAD, padding=(0, _GAP - 1, 0, 0), pad_edge=False, show_edge=False)
    for column in table.columns:
        drawn.add_column(_text(column.heading, console), justify=column.align, overflow="fold")
    for number, row in enumerate(table.rows):
        styles = ("bold" if (number, place) in table.best else "" for place in range(len(row)))
        drawn.add_row(*(_text(text, console, style) for text, style in zip(row, styles, strict=True)))
    return drawn


def _say(console: Console, text: str, style: str = "") -> None:
    """Print a text as it is, wrapped at words."""
    console.print(_text(text, console, style), soft_wrap=False)


def _text(text: str, console: Console, style: str = "") -> Text:
    """Return a text on one line that is no markup and that the console's encoding can show."""
    return styled(console, one_line(text), style)
