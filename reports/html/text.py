"""Texts of tables as HTML: nothing is lost in escaping, marks become links, numbers can be sorted."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from rsbench.console import harmless_lines
from rsbench.reports.document.calculator import Advisor, Calculator
from rsbench.reports.document.table import Column, Table
from rsbench.units import DASH

if TYPE_CHECKING:
    from markupsafe import Markup

_HANGING: Final = re.compile(r"((?: ~| \*| \?)?(?: \[\d+\])*)$")
_BREAKABLE: Final = re.compile(r"(?<=[a-z])[:=,_/](?=[a-z0-9])")
_MARK: Final = re.compile(r"\[(\d+)\]")
_NUMBER: Final = re.compile(r"[<>]?\s*([+-]?\d[\d,]*(?:\.\d*)?(?:[eE][+-]?\d+)?)\s*([kMGT]?)(?:B|bit/s)?")
_PREFIXES: Final = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
_WORDS: Final = {"never": 0.0, "always": 1e30}


def cell(column: Column, text: str, anchor: str, notes: int) -> Markup:
    """Return a table's text with its note marks as links; what hangs after a number takes no room.

    Args:
        column: where it stands; long names may be broken over lines, numbers with their units may not.
        text: any text; it is all there afterwards, what is not printable as its escape.
        anchor: what the notes' ids begin with.
        notes: how many notes there are.
    """
    from markupsafe import Markup, escape  # late: start-up

    tail = _tail(text)
    main = str(escape(harmless_lines(text[: len(text) - len(tail)])))
    if column.align == "left":
        main = _BREAKABLE.sub(r"\g<0><wbr>", main)
    linked = _MARK.sub(lambda mark: _link(mark, anchor, notes), str(escape(tail)))
    hanging = f'<span class="hang">{linked}</span>' if tail else ""
    return Markup(main + hanging)


def calculator(numbers: Calculator | Advisor) -> Markup:
    """Return a calculator's or an advisor's numbers as JSON that may stand in a script element."""
    from markupsafe import Markup  # late: start-up

    text = json.dumps(asdict(numbers), allow_nan=False, separators=(",", ":"))
    return Markup(re.sub(r"[<>&\u2028\u2029]", lambda match: f"\\u{ord(match[0]):04x}", text))


def printable(value: object) -> object:
    """Return what a template prints with what is not printable in a text as its escape."""
    return harmless_lines(value) if type(value) is str else value  # markup, which is a text too, is ours


def _tail(text: str) -> str:
    """Return the marks at a text's end: `` ~``, `` *``, `` ?`` and those of notes."""
    tail = _HANGING.search(text)
    return tail[0] if tail else ""


def _link(mark: re.Match[str], anchor: str, notes: int) -> str:
    """Return ``[3]`` as a link to the note, or as it is where there is no such note."""
    return f'<a href="#{anchor}-note-{mark[1]}">{mark[0]}</a>' if 1 <= int(mark[1]) <= notes else mark[0]


def hangs(table: Table) -> list[bool]:
    """Return for each column whether it is one of numbers that needs room for marks after them."""
    numbers = [column.align != "left" for column in table.columns]
    return [is_number and any(_tail(row[index]) for row in table.rows) for index, is_number in enumerate(numbers)]


def sort_value(column: Column, text: str) -> str:
    """Return what a column of numbers is sorted by where that is not the text itself, else an empty text.

    ``45.2 kB`` gives ``45200``, ``-4.9 [-6.8, -2.9]`` gives ``-4.9``, ``< 24 Gbit/s`` gives ``24000000000``.
    """
    if column.align == "left" or text in ("", DASH):
        return ""
    if text in _WORDS:
        return f"{_WORDS[text]:g}"
    match = _NUMBER.match(text)
    if match is None or match[0] == text == match[1].replace(",", ""):
        return ""
    return f"{float(match[1].replace(',', '')) * _PREFIXES[match[2]]:.12g}"
