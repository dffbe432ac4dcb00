"""What the formats draw besides tables: figures as plain data, in panels. Nothing here knows how they are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

Unit = Literal["", "%", "B", "bit/s", "h", "min", "s", "ms"]
"""How an axis writes its numbers; bytes and bit/s get decimal prefixes."""

HUES: Final = 7
"""Colours beside the reference's; more styles have them again."""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One axis.

    Attributes:
        title: without its unit.
        unit: of the values as they are given.
        log: whether the scale is logarithmic.
    """

    title: str
    unit: Unit = ""
    log: bool = False


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One entry of a panel's legend.

    Attributes:
        label: a method, as the tables call it, or a part of a step.
        style: colour and marker of a method: 0 is the reference's, the others follow; for parts their number.
    """

    label: str
    style: int


@dataclass(frozen=True, kw_only=True)
class ShapedMark(Mark):
    """One entry of a legend whose marker says something of its own; the style is its colour's.

    Attributes:
        shape: number of the marker: 0 is the reference's.
    """

    shape: int


@dataclass(frozen=True, kw_only=True)
class Series:
    """One method's points, in the order in which they are joined.

    Attributes:
        mark: the method.
        x: one number a point.
        y: one number a point.
        half: half the height of the bar or band around y; None where there is one value only.
        tip: what a pointer shows over it.
    """

    mark: Mark
    x: tuple[float, ...]
    y: tuple[float, ...]
    half: tuple[float | None, ...]
    tip: str = ""


@dataclass(frozen=True, kw_only=True)
class Label:
    """A name beside a point.

    Attributes:
        text: the name.
        style: its colour's.
        x: of the point.
        y: of the point.
    """

    text: str
    style: int
    x: float
    y: float


@dataclass(frozen=True, kw_only=True)
class Figure:
    """The part that all figures have.

    Attributes:
        title: one line.
        caption: what is shown and how to read it.
    """

    title: str
    caption: str


@dataclass(frozen=True, kw_only=True)
class Plot(Figure):
    """The part that figures with two axes have.

    Attributes:
        x: horizontal axis.
        y: vertical axis.
        series: one a method.
    """

    x: Axis
    y: Axis
    series: tuple[Series, ...]


@dataclass(frozen=True, kw_only=True)
class Points(Plot):
    """One point a row, with the front of those that no other beats.

    Attributes:
        front: corners (x, y) from left to right.
        joined: the rows of a method, joined by a thin line.
        labels: names beside points; empty where a legend has them.
        places: name and place on the horizontal axis, such as ratios.
    """

    front: tuple[tuple[float, float], ...]
    joined: tuple[Series, ...] = ()
    labels: tuple[Label, ...] = ()
    places: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Lines(Plot):
    """One line a method.

    Attributes:
        guide: ends of a thin line to compare with, such as what chance gives; empty for none.
    """

    guide: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Region:
    """A part of the horizontal axis in which one method is the best.

    Attributes:
        mark: the method.
        low: where it begins.
        high: where it ends.
        tip: what a pointer shows over it.
    """

    mark: Mark
    low: float
    high: float
    tip: str = ""


@dataclass(frozen=True, kw_only=True)
class RegionLines(Plot):
    """One line a method, with the regions in which each is the best, and places that somebody asked about.

    Attributes:
        regions: from left to right.
        places: name and place on the horizontal axis.
    """

    regions: tuple[Region, ...]
    places: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Bars(Figure):
    """One stacked bar a method.

    Attributes:
        unit: of the values.
        parts: names, from left to right.
        rows: label, and one value a part.
        longest: sum at which a bar takes the whole width, so that figures can be compared; 0 for that of the rows.
    """

    unit: Unit
    parts: tuple[str, ...]
    rows: tuple[tuple[str, tuple[float, ...]], ...]
    longest: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Heat(Figure):
    """A matrix of strengths.

    Attributes:
        rows: labels from the top down.
        columns: labels from left to right.
        row_title: what the rows are.
        column_title: what the columns are.
        values: from 0 (nothing, the page shows through) to 1 (full colour), one row a label.
        texts: what stands in the cells, empty where they are too many.
        scale: what 0 and 1 stand for.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    row_title: str
    column_title: str
    values: tuple[tuple[float, ...], ...]
    texts: tuple[tuple[str, ...], ...] = ()
    scale: tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Picture(Figure):
    """A PNG file that a run wrote.

    Attributes:
        path: where it was when the records were read; the empty path where that is not known.
    """

    path: Path


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Figures that are read together.

    Attributes:
        title: one line.
        figures: in reading order.
        legend: what colours and markers stand for; empty where the figures need none.
        note: what is left out, if anything.
        is_hero: answers the report's question, so that it comes first.
        is_detail: may be folded away.
    """

    title: str
    figures: tuple[Figure, ...]
    legend: tuple[Mark, ...] = ()
    note: str = ""
    is_hero: bool = False
    is_detail: bool = False


def more_in_tables(count: int) -> str:
    """Return the sentence on methods that a figure has no room for, nothing for none."""
    if count <= 0:
        return ""
    return "1 more method is in the tables only." if count == 1 else f"{count} more methods are in the tables only."
