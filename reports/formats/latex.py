r"""LaTeX: ``report.tex``, which compiles as it is, and one file a table, which a paper can ``\input``.

The tables are booktabs ``tabular``, long ones ``longtable``, in ``tables/<section>-<table>.tex``; a paper that takes
them in needs ``\usepackage{booktabs,longtable}`` and ``\usepackage[T1]{fontenc}`` under pdfLaTeX.

Characters outside Latin scripts are handed over as they are to XeLaTeX and LuaLaTeX, which draw them where the font
has them (set one in the preamble with ``\setmainfont``); pdfLaTeX draws their code points, as ``U+5730``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rsbench.reports.document.table import Report, Section, Table
from rsbench.reports.formats.terminal import pieces
from rsbench.results.folder import write_file
from rsbench.units import one_line

FILE_NAME: Final = "report.tex"
FOLDER: Final = "tables"
LONG: Final = 40
"""Rows up to which a table stays on one page."""
PAGE: Final = 150
"""Characters that a page's width holds."""

_OTHER: Final = r"\providecommand{\rsbenchother}[2]{\ifdefined\Umathcode#1\else\texttt{#2}\fi}"
"""A macro in every file: it draws a text in engines that know Unicode, and its code points in the one that does not."""

_PREAMBLE: Final = (
    r"\documentclass[10pt]{article}",
    r"\usepackage{iftex}",
    r"\ifpdftex\usepackage[T1]{fontenc}\usepackage[utf8]{inputenc}\else\usepackage{fontspec}\fi",
    r"\ifpdftex\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}\fi % outlines where they are installed",
    r"\usepackage[a4paper,landscape,margin=15mm]{geometry}",
    r"\usepackage{booktabs,longtable,graphicx}",
    r"\setlength{\parindent}{0pt}\setlength{\parskip}{4pt}\sloppy",
    _OTHER,
    r"% A table wider than the page is shrunk to it.",
    r"\newcommand{\rsbenchtable}[1]{\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{\input{#1}}}",
)
_ESCAPES: Final = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "[": "{[}",  # else an optional argument of the line end before it
    "]": "{]}",
    "*": "{*}",
    "±": r"$\pm$",
    "×": r"$\times$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
}
_LATIN: Final = "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿĂăĄąĆćČčĎďĘęĚěĞğŁłŃńŇňŐőŘřŚśŞşŠšŤťŮůŰűŹźŻżŽž"
"""Letters that T1 fonts hold; all else beyond ASCII goes through ``\\rsbenchother``."""
_DRAWN: Final = "".join(key for key in _ESCAPES if not key.isascii())
_PARTS: Final = re.compile(
    r"(?P<minus>(?<![\w-])-(?=\d))|(?P<ligature>-(?=-)|,(?=,))"
    rf"|(?P<special>[{''.join(map(re.escape, _ESCAPES))}])|(?P<other>[^\x20-\x7e{_LATIN}{_DRAWN}]+)"
)


def write(report: Report, folder: Path) -> list[Path]:
    """Write ``report.tex`` and its tables; return the paths, the report first."""
    tables = {
        folder / FOLDER / f"{name}.tex": table_text(table)
        for number, section in enumerate(report.sections, start=1)
        for name, table in _named(number, section)
    }
    paths = [write_file(path, text) for path, text in tables.items()]
    return [write_file(folder / FILE_NAME, render(report)), *paths]


def render(report: Report) -> str:
    """Return the document that takes in the tables."""
    lines = [*_PREAMBLE, rf"\title{{{escape(report.title)}}}", r"\date{}", r"\begin{document}", r"\maketitle"]
    for number, section in enumerate(report.sections, start=1):
        lines += _section(number, section)
    if not report.sections:
        lines.append("No cells are recorded.")
    if report.problems:
        lines += [r"\section*{Records that could not be used}", *_items(report.problems)]
    lines += [r"\section*{How to read the tables}", *_items(report.how_to_read), r"\end{document}"]
    return "\n".join(lines) + "\n"


def _section(number: int, section: Section) -> list[str]:
    """Return one section's lines."""
    lines = [rf"\section{{{escape(section.title)}}}", rf"\textbf{{{escape(section.conclusion)}}}"]
    lines += _items(section.facts)
    for name, table in _named(number, section):
        draw = "input" if len(table.rows) > LONG else "rsbenchtable"
        lines += ["", rf"\subsection*{{{escape(table.title)}}}", rf"\{draw}{{{FOLDER}/{name}}}"]
    if section.notes:
        notes = [rf"\item[{{[{index}]}}] {escape(note)}" for index, note in enumerate(section.notes, start=1)]
        lines += ["", "Notes:", r"\begin{itemize}", *notes, r"\end{itemize}"]
    return [*lines, ""]


def _items(texts: Sequence[str]) -> list[str]:
    """Return a list of texts; nothing for none, which LaTeX refuses."""
    if not texts:
        return []
    return [r"\begin{itemize}", *(rf"\item {escape(text)}" for text in texts), r"\end{itemize}"]


def _named(number: int, section: Section) -> list[tuple[str, Table]]:
    """Return a section's tables with the names of their files: ``1-comparison``."""
    named: dict[str, Table] = {}
    for table in section.tables:
        words = re.findall(r"[a-z0-9]+", table.title.lower().partition("(")[0])
        name = f"{number}-{'-'.join(words)[:40].strip('-') or 'table'}"
        while name in named:
            name += "-2"
        named[name] = table
    return list(named.items())


def table_text(table: Table) -> str:
    """Return a table's file: a ``tabular``, or when long a ``longtable``, cut by columns to the page."""
    if len(table.rows) <= LONG:
        return "\n".join([_OTHER, *_drawn(table, "tabular")]) + "%\n"
    lines = [line for piece in pieces(table, PAGE) for line in _drawn(piece, "longtable")]
    return "\n".join([_OTHER, *lines]) + "\n"


def _drawn(table: Table, kind: str) -> list[str]:
    """Return the lines of one environment."""
    spec = "".join("l" if column.align == "left" else "r" for column in table.columns)
    head = [_row([column.heading for column in table.columns]), r"\midrule", *([r"\endhead"] * (kind == "longtable"))]
    body = [_row(list(row)) for row in table.rows]
    return [rf"\begin{{{kind}}}{{@{{}}{spec}@{{}}}}", r"\toprule", *head, *body, r"\bottomrule", rf"\end{{{kind}}}"]


def _row(texts: list[str]) -> str:
    """Return one line of a table."""
    return " & ".join(map(escape, texts)) + r" \\"


def escape(text: str) -> str:
    r"""Return a text that LaTeX draws as it is, on one line; control characters become spaces."""
    return _PARTS.sub(_escaped, one_line(text))


def _escaped(match: re.Match[str]) -> str:
    """Return the LaTeX for one special character or a run of characters beyond Latin."""
    text = match[0]
    if match.lastgroup == "minus":
        return "$-$"
    if match.lastgroup == "ligature":
        return f"{text}{{}}"
    if match.lastgroup == "special":
        return _ESCAPES[text]
    points = " ".join(f"U+{ord(character):04X}" for character in text)
    whole = text.encode("utf-8", errors="replace").decode()  # half a surrogate pair would be no UTF-8
    return rf"\rsbenchother{{{whole}}}{{{points}}}"
