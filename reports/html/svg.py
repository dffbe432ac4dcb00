"""Matplotlib's SVG file -> an element of the page, in the page's font and coloured by its CSS variables."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Final

from rsbench.console import harmless, harmless_lines
from rsbench.reports.document.figure import HUES

_NAMES: Final = ("ink", "muted", "grid", "page", *(f"hue-{number}" for number in range(HUES + 1)))
_PARTS_FROM: Final = len(_NAMES)


def hue(style: int) -> int:
    """Return the number of the colour variable of a style."""
    return style and (style - 1) % HUES + 1


def colour(name: str) -> str:
    """Return a colour that stands for a CSS variable until ``page_element`` puts it there."""
    return f"#abcd{_NAMES.index(name):02d}"


def part_colour(number: int) -> str:
    """Return the colour that stands for the CSS variable of a part of a step."""
    return f"#abcd{_PARTS_FROM + number:02d}"


def page_element(svg: str, tips: Sequence[str], label: str) -> str:
    """Return a drawing without header and styles of its own, and with ids only where they are used.

    Args:
        svg: Matplotlib's file; the group ``tip3`` gets the third of the tips.
        tips: what a pointer shows.
        label: the drawing in words.
    """
    body = harmless_lines(svg[svg.index("<svg") :])
    body = re.sub(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>|<!--.*?-->", "", body, flags=re.DOTALL)
    body = re.sub(
        r'<g id="tip(\d+)">', lambda match: f"<g><title>{html.escape(harmless(tips[int(match[1])]))}</title>", body
    )
    body = re.sub(r'<g id="[^"]*"', "<g", body)
    body = re.sub(r' d="[^"]*"', lambda match: re.sub(r"(\.\d)\d+", r"\1", match[0]), body)
    body = re.sub(r'style="[^"]*"', lambda match: _page_style(match[0]), body)
    body = re.sub(r"\s*\n\s*", "\n", body)
    box = re.search(r'viewBox="[^"]*"', svg)
    head = f'<svg {box[0] if box else ""} role="img" aria-label="{html.escape(harmless(label))}">'
    return re.sub(r"^<svg[^>]*>", lambda _: head, body).strip()


def _page_style(style: str) -> str:
    """Return a style attribute with the page's font and CSS variables."""
    style = re.sub(r"font: ([\d.]+px) [^;\"]*", r"font-size: \1", style)
    style = re.sub(r"font-family: [^;\"]*;? ?", "", style)
    return re.sub(r"#abcd(\d\d)", lambda match: f"var(--{_variable(int(match[1]))})", style)


def _variable(number: int) -> str:
    """Return the CSS variable that a stand-in colour means."""
    return _NAMES[number] if number < _PARTS_FROM else f"part-{number - _PARTS_FROM}"
