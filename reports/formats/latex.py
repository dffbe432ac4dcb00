r"""LaTeX: ``report.tex``, which compiles as it is, ``report.bib``, and one file a table, which a paper can ``\input``.

The tables are in ``tables/<section>-<table>.tex``, without a float and a caption, so that a paper writes its own. It
needs ``\usepackage{booktabs,longtable,siunitx,threeparttable,adjustbox}``, ``\usepackage[T1]{fontenc}`` under
pdfLaTeX, and ``report`` among its ``\bibliography{...}`` for the works that the tables cite; without them define
``\newcommand{\rsbenchcite}[1]{}`` before the first table.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rsbench.references import Reference
from rsbench.reports.document.bibliography import Bibliography
from rsbench.reports.document.table import Report, Section, Table
from rsbench.reports.formats import bibtex
from rsbench.reports.formats.latex_table import Marked, is_broken, table_text
from rsbench.reports.formats.latex_text import OTHER, escape
from rsbench.results.folder import write_file

FILE_NAME: Final = "report.tex"
BIB_NAME: Final = "report.bib"
FOLDER: Final = "tables"
METHOD: Final = "method"
"""Name of the first column of tables with one row a method."""

_PREAMBLE: Final = (
    r"\documentclass[10pt]{article}",
    r"\usepackage{iftex}",
    r"\ifpdftex\usepackage[T1]{fontenc}\usepackage[utf8]{inputenc}\else\usepackage{fontspec}\fi",
    r"\ifpdftex\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}\fi % outlines where they are installed",
    r"\usepackage[a4paper,landscape,margin=15mm]{geometry}",
    r"\usepackage{booktabs,longtable,siunitx,threeparttable,adjustbox,float}",
    r"\setlength{\parindent}{0pt}\setlength{\parskip}{4pt}\sloppy\emergencystretch=3em\raggedbottom",
    OTHER,
)


def write(report: Report, folder: Path) -> list[Path]:
    """Write ``report.tex``, its tables and the works they cite; return the paths, the report first."""
    tables = {
        folder / FOLDER / f"{name}.tex": table_text(table, _marked(section, table, name, report.bibliography))
        for number, section in enumerate(report.sections, start=1)
        for name, table in _named(number, section)
    }
    paths = [write_file(path, text) for path, text in tables.items()]
    works = cited(report)
    bib = [write_file(folder / BIB_NAME, bibtex.render(works))] if works else []
    return [write_file(folder / FILE_NAME, render(report)), *bib, *paths]


def cited(report: Report) -> list[Reference]:
    """Return the works that a report cites, those of the software first."""
    works = list(report.bibliography.software)
    for section in report.sections:
        if section.named is not None:
            works += report.bibliography.of_setting(section.named)
            for label in section.named.compressors:
                works += report.bibliography.of_row(section.named, label)
    return list(dict.fromkeys(works))


def render(report: Report) -> str:
    """Return the document that takes in the tables."""
    lines = [*_PREAMBLE, rf"\title{{{escape(report.title)}}}", r"\author{}\date{}", r"\begin{document}", r"\maketitle"]
    if report.bibliography.software:
        lines += [rf"Software:{_cite(report.bibliography.software)}.", ""]
    for number, section in enumerate(report.sections, start=1):
        lines += _section(number, section, report.bibliography)
    if not report.sections:
        lines.append("No cells are recorded.")
    if report.problems:
        lines += [r"\section*{Records that could not be used}", *_items(report.problems)]
    lines += [r"\section*{How to read the tables}", *_items(report.how_to_read)]
    if cited(report):
        lines += [r"\bibliographystyle{plain}", rf"\bibliography{{{BIB_NAME.removesuffix('.bib')}}}"]
    return "\n".join([*lines, r"\end{document}"]) + "\n"


def _section(number: int, section: Section, bibliography: Bibliography) -> list[str]:
    """Return one section's lines: its tables as floats that stay where they are."""
    lines = [rf"\section{{{escape(section.title)}}}", rf"\textbf{{{escape(section.conclusion)}}}"]
    lines += _items(section.facts)
    marked_somewhere: set[int] = set()
    for name, table in _named(number, section):
        marked = _marked(section, table, name, bibliography)
        marked_somewhere |= _notes_of(table, len(section.notes))
        lines += ["", *_float(name, marked, breaks=is_broken(table, marked))]
    others = [note for index, note in enumerate(section.notes, start=1) if index not in marked_somewhere]
    return [*lines, "", *_items(others), ""]


def _float(name: str, marked: Marked, *, breaks: bool) -> list[str]:
    """Return the lines that take a table in."""
    taken = rf"\input{{{FOLDER}/{name}}}"
    if breaks:
        return [taken]
    caption = rf"\caption{{{marked.caption}}}\label{{{marked.label}}}"
    return [r"\begin{table}[H]\centering", caption, taken, r"\end{table}"]


def _marked(section: Section, table: Table, name: str, bibliography: Bibliography) -> Marked:
    """Return what a table shows beside its texts; the first table of methods in a section cites their works."""
    caption, label = f"{escape(table.title)}: {escape(section.title)}", f"tab:{name}"
    cites: dict[int, str] = {}
    if section.named is not None and table is _first_of_methods(section):
        caption += _cite(bibliography.of_setting(section.named))
        for row, values in enumerate(table.values or table.rows):
            works = bibliography.of_row(section.named, str(values[0]))
            cites |= {row: ",".join(work.key for work in works)} if works else {}
    return Marked(notes=section.notes, cites=cites, caption=f"{caption}.", label=label)


def _first_of_methods(section: Section) -> Table | None:
    """Return the first table with one row a method."""
    return next((table for table in section.tables if table.columns[0].name == METHOD), None)


def _cite(works: Sequence[Reference]) -> str:
    """Return a citation of some works; nothing for none."""
    return rf"~\cite{{{','.join(work.key for work in works)}}}" if works else ""


def _notes_of(table: Table, count: int) -> set[int]:
    """Return the numbers of the notes that a table's texts mean."""
    found = {int(number) for row in table.rows for text in row for number in re.findall(r"\[(\d{1,4})\]", text)}
    return {number for number in found if number <= count}


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
