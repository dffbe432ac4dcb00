r"""Texts that LaTeX draws as they are.

Characters outside Latin scripts are handed over as they are to XeLaTeX and LuaLaTeX, which draw them where the font
has them (set one in the preamble with ``\setmainfont``); pdfLaTeX draws their code points, as ``U+5730``.
"""

from __future__ import annotations

import re
from typing import Final

from rsbench.units import one_line

OTHER: Final = r"\providecommand{\rsbenchother}[2]{\ifdefined\Umathcode#1\else\texttt{#2}\fi}"
"""A macro in every file: it draws a text in engines that know Unicode, and its code points in the one that does not."""

_ESCAPES: Final = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"$\sim$",
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
