"""Markdown tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; texts are shown as they are, code between backticks stays code."""
    lines = [_line(titles), _line(["---"] * len(titles)), *map(_line, ([*map(shown, row)] for row in rows))]
    return "\n".join(lines) + "\n"


def shown(text: str) -> str:
    """Return a text of one line in which Markdown and HTML find nothing to obey, code apart."""
    parts = re.split(r"(`[^`]*`)", " ".join(text.split()))
    return "".join(part if part.startswith("`") else re.sub(r"([<>*_\[\]])", r"\\\1", part) for part in parts).replace(
        "|", r"\|"
    )


def code(text: str) -> str:
    """Return a text as code; nothing for an empty one."""
    return f"`{text}`" if text else ""


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
