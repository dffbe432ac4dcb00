"""BibTeX: the works that a report cites."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from rsbench.references import Reference
from rsbench.reports.formats.latex_text import escape

_BRACES: Final = (("\\{", r"\textbraceleft{}"), ("\\}", r"\textbraceright{}"))
"""BibTeX counts braces even behind a backslash."""


def render(references: Iterable[Reference]) -> str:
    """Return a ``.bib`` file of some works, each once, by key."""
    by_key = {reference.key: reference for reference in references}
    return "\n".join(_entry(by_key[key]) for key in sorted(by_key))


def _entry(reference: Reference) -> str:
    """Return one entry."""
    fields = [
        ("author", _authors(reference.authors)),
        ("title", f"{{{_value(reference.title)}}}"),  # a second pair of braces keeps capitals
        ("year", _value(reference.year)),
        *((name, _value(value)) for name, value in reference.details),
    ]
    lines = [f"  {name} = {{{value}}}," for name, value in fields if value.strip("{}")]
    return "\n".join([f"@{reference.kind}{{{reference.key},", *lines, "}"]) + "\n"


def _authors(names: Sequence[str]) -> str:
    """Return authors as BibTeX lists them; an organisation's name is kept whole."""
    return " and ".join(_value(name) if "," in name or name == "others" else f"{{{_value(name)}}}" for name in names)


def _value(text: str) -> str:
    """Return a value with balanced braces."""
    drawn = escape(text)
    for escaped, word in _BRACES:
        drawn = drawn.replace(escaped, word)
    return drawn
