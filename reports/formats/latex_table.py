r"""One table in LaTeX: numbers aligned at their decimal points (siunitx), the best in bold, notes under it.

A short table is a ``threeparttable`` without a float around it; a paper writes its own ``table`` and ``\caption``.
A long one is a ``longtable`` with a caption of its own, and so are the pieces of a table that is too wide for the
page: each begins with the names of the rows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from rsbench.reports.document.table import Table
from rsbench.reports.formats.latex_text import OTHER, escape
from rsbench.reports.formats.terminal import pieces

LONG: Final = 40
"""Rows up to which a table stays on one page."""
PAGE: Final = 150
"""Characters that a page's width holds in the normal size."""
_SIZES: Final = ((1.0, ""), (0.9, r"\small"), (0.8, r"\footnotesize"), (0.7, r"\scriptsize"))
"""Share of the normal size and its command, largest first."""
_GAP: Final = 3
"""Characters between columns."""
_SAFE: Final = 0.8
"""Share of the page that the pieces of a cut table fill: letters are not equally wide."""
_CITED: Final = 8
"""Characters that citations take behind a name."""
_SETUP: Final = r"\sisetup{detect-weight=true,retain-explicit-plus=true}"
_CITE: Final = r"\providecommand{\rsbenchcite}[1]{~\cite{#1}}"
_START: Final = r"\begin{adjustbox}{max width=\linewidth}\begin{threeparttable}"
_END: Final = r"\end{threeparttable}\end{adjustbox}"
_MARK: Final = re.compile(r" ?\[(\d{1,4})\]")
_NUMBER: Final = re.compile(
    r"(?P<sign>[+-]?)(?P<whole>\d{1,12}|\d{1,3}(?:,\d{3})+)(?:\.(?P<fraction>\d{1,12}))?(?P<unit>x?)"
    r"(?P<rest>(?: (?:±.*|\[.*|~.*))?)"
)


@dataclass(frozen=True, kw_only=True)
class Marked:
    """What a table shows beside its texts.

    Attributes:
        notes: of the section; ``[n]`` in a text means the n-th.
        cites: row -> keys of works, behind the row's first text.
        caption: LaTeX, for long tables.
        label: for long tables.
    """

    notes: Sequence[str] = ()
    cites: Mapping[int, str] | None = None
    caption: str = ""
    label: str = ""


def table_text(table: Table, marked: Marked) -> str:
    """Return a table's file."""
    breaks = is_broken(table, marked)
    size, cut = _layout(table, marked)
    letters: dict[int, str] = {}
    drawn = [
        _drawn(piece, marked, letters, caption=_caption(marked, index) if breaks else "")
        for index, piece in enumerate(cut)
    ]
    notes = [(letter, marked.notes[number - 1]) for number, letter in letters.items()]
    head = [OTHER, _CITE, f"{{{size}{_SETUP}%"]
    if breaks:
        return "\n".join([*head, *(line for lines in drawn for line in lines), *_plain_notes(notes), "}"]) + "\n"
    return "\n".join([*head, _START, *drawn[0], *_notes(notes), _END, "}%"]) + "\n"


def is_broken(table: Table, marked: Marked) -> bool:
    """Return whether a table is broken over pages or cut by columns, so that it is a ``longtable`` and no float."""
    return len(table.rows) > LONG or len(_layout(table, marked)[1]) > 1


def _layout(table: Table, marked: Marked) -> tuple[str, list[Table]]:
    """Return the command of the largest size in which a table fits the page, and its pieces: mostly one."""
    texts = zip([column.heading for column in table.columns], *table.rows, strict=True)
    needed = sum(max(map(len, of_column)) + _GAP for of_column in texts) + (_CITED if marked.cites else 0)
    for share, size in _SIZES:
        if needed * share <= PAGE:
            return size, [table]
    return size, pieces(table, int(_SAFE * PAGE / share))


def _caption(marked: Marked, piece: int) -> str:
    """Return the caption of a piece of a long table; the label is that of the first one."""
    if piece:
        return rf"\caption[]{{{marked.caption} (more columns)}}\\"
    return rf"\caption{{{marked.caption}}}\label{{{marked.label}}}\\"


def _drawn(table: Table, marked: Marked, letters: dict[int, str], *, caption: str) -> list[str]:
    """Return the lines of one environment; new notes get their letters."""
    drawn = [_column(index, table, marked, letters) for index in range(len(table.columns))]
    kind = "longtable" if caption else "tabular"
    head, *rows = [" & ".join(texts) + r" \\" for texts in zip(*(texts for _, texts in drawn), strict=True)]
    body = [r"\toprule", head, r"\midrule"]
    start = [caption, *body, r"\endfirsthead", *body, r"\endhead"] if caption else body
    spec = "".join(spec for spec, _ in drawn)
    return [rf"\begin{{{kind}}}{{@{{}}{spec}@{{}}}}", *start, *rows, r"\bottomrule", rf"\end{{{kind}}}"]


def _column(index: int, table: Table, marked: Marked, letters: dict[int, str]) -> tuple[str, list[str]]:
    """Return how a column is set, and its heading and texts in LaTeX."""
    column, texts = table.columns[index], [row[index] for row in table.rows]
    split = [_split(text, len(marked.notes)) for text in texts]
    numbers = [_NUMBER.fullmatch(text) for text, _ in split]
    units = {found["unit"] for found in numbers if found}
    after = ["".join(rf"\textsuperscript{{{_letter(note, letters)}}}" for note in notes) for _, notes in split]
    bold = [(row, index) in table.best for row in range(len(texts))]
    if column.align == "left" or len(units) != 1 or (column.unit and units != {""}):
        cites = marked.cites or {} if index == 0 else {}
        drawn = [
            (rf"\textbf{{{escape(text)}}}" if is_bold else escape(text))
            + mark
            + (rf"\rsbenchcite{{{cites[row]}}}" if row in cites else "")
            for row, ((text, _), mark, is_bold) in enumerate(zip(split, after, bold, strict=True))
        ]
        return ("l" if column.align == "left" else "r"), [escape(column.heading), *drawn]
    unit = units.pop()
    drawn = [
        rf"{{{escape(text)}{mark}}}" if found is None else (r"\bfseries " if is_bold else "") + _number(found, mark)
        for (text, _), mark, found, is_bold in zip(split, after, numbers, bold, strict=True)
    ]
    heading = escape(replace(column, unit=column.unit or unit).heading)
    return _spec([found for found in numbers if found], after), [f"{{{heading}}}", *drawn]


def _number(found: re.Match[str], mark: str) -> str:
    """Return a number as siunitx reads it, with what follows it as text."""
    number = found["sign"] + found["whole"].replace(",", "") + (f".{found['fraction']}" if found["fraction"] else "")
    rest = f" {escape(found['rest'].strip())}" if found["rest"] else ""
    return f"{number} {{{rest}{mark}}}" if rest or mark else number


def _spec(numbers: Sequence[re.Match[str]], marks: Sequence[str]) -> str:
    """Return the S column that holds some numbers and the longest text behind one."""
    whole = max(len(found["whole"].replace(",", "")) for found in numbers)
    fraction = max(len(found["fraction"] or "") for found in numbers)
    sign = "+" if any(found["sign"] for found in numbers) else ""
    after = max((found["rest"] for found in numbers), key=len).strip()
    mark = max(marks, key=len)
    space = f" {escape(after)}{mark}" if after else mark
    reserved = f",table-space-text-post={{{{{space}}}}}" if space else ""
    return f"S[table-format={sign}{whole}{f'.{fraction}' if fraction else ''}{reserved}]"


def _split(text: str, count: int) -> tuple[str, list[int]]:
    """Return a text without its marks, and the numbers of the notes that they mean."""
    notes = [number for number in map(int, _MARK.findall(text)) if 1 <= number <= count]
    plain = _MARK.sub(lambda found: "" if 1 <= int(found[1]) <= count else found[0], text)
    return plain, notes


def _letter(note: int, letters: dict[int, str]) -> str:
    """Return a note's letter: a to z, then aa, ab and so on."""
    if note not in letters:
        place, word = len(letters), ""
        while place >= 0:
            place, rest = divmod(place, 26)
            word, place = chr(ord("a") + rest) + word, place - 1
        letters[note] = word
    return letters[note]


def _notes(notes: Sequence[tuple[str, str]]) -> list[str]:
    """Return the notes under a short table."""
    if not notes:
        return []
    items = [rf"\item[{letter}] {escape(text)}" for letter, text in notes]
    return [r"\begin{tablenotes}\footnotesize\raggedright", *items, r"\end{tablenotes}"]


def _plain_notes(notes: Sequence[tuple[str, str]]) -> list[str]:
    """Return the notes under a long table."""
    return [rf"\par{{\footnotesize\textsuperscript{{{letter}}} {escape(text)}\par}}" for letter, text in notes]
