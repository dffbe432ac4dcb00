"""Figure data -> SVG texts for a page: drawn by Matplotlib, coloured by the page's CSS variables.

Text stays text, so that it is sharp, searchable and in the page's font; one SVG serves light and dark.
"""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from rsbench import units
from rsbench.console import harmless
from rsbench.reports.document.figure import (
    Bars,
    Figure,
    Heat,
    Label,
    Lines,
    Mark,
    Points,
    RegionLines,
    Series,
    ShapedMark,
)
from rsbench.reports.html.canvas import WIDTH, axes_of, matplotlib_settings, name_rows, set_scales, set_ticks
from rsbench.reports.html.labels import (
    CHARACTER,
    LINE,
    SMALL,
    make_room,
    name_above,
    name_ends,
    name_points,
    name_regions,
    shortened,
)
from rsbench.reports.html.svg import colour, hue, page_element, part_colour

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

SHAPES: Final = ("o", "s", "^", "D", "v", "P", "X")
"""Markers: the first is the reference's. Six others and seven hues make 42 pairs."""

_HEAT: Final = (47, 127, 214)
"""Red, green and blue of a matrix at its full strength."""
_LONGEST_LABEL: Final = 44


def shape(style: int) -> int:
    """Return the number of the marker of a style."""
    return style and (style - 1) % (len(SHAPES) - 1) + 1


def marker(mark: Mark) -> int:
    """Return the number of a mark's marker: its own, or that of its style."""
    return shape(mark.shape if isinstance(mark, ShapedMark) else mark.style)


def draw(figure: Figure, name: str) -> str:
    """Return a figure as an SVG element to be put into a page.

    Args:
        figure: one of the kinds in ``DRAWN``.
        name: unique in the page: element ids are made of it, so that the same data give the same bytes.
    """
    with matplotlib_settings(name):
        canvas, tips = DRAWN[type(figure)](figure)
        stream = io.StringIO()
        canvas.savefig(stream, format="svg", transparent=True, metadata={"Date": None})
    return page_element(stream.getvalue(), tips, f"{figure.title}. {figure.caption}".strip())


def _points(figure: Points) -> tuple[Canvas, list[str]]:
    """Draw one point a row with its spread, the front, and the names of methods beside them."""
    canvas, axes = axes_of(280, top=38 if figure.places else 26)
    set_scales(axes, figure.x, figure.y, [one.x[0] for one in figure.series], _heights(figure.series))
    make_room(axes, figure.labels)
    if len(figure.front) > 1:
        xs, ys = zip(*figure.front, strict=True)
        axes.plot(xs, ys, drawstyle="steps-post", color=colour("muted"), linewidth=1, linestyle=(0, (4, 3)))
    for text, place in figure.places:
        name_above(axes, text, place)
    for line in figure.joined:
        axes.plot(line.x, line.y, color=_line_colour(line), linewidth=0.9, alpha=0.75)
    for number, one in enumerate(figure.series):
        (bar,) = axes.plot(one.x * 2, _ends(one), color=_line_colour(one), linewidth=1.2, alpha=0.7)
        (point,) = axes.plot(one.x, one.y, linestyle="none", markersize=7, **_marker(one))
        bar.set_gid(f"tip{number}")
        point.set_gid(f"tip{number}")
        point.set_clip_on(False)
    steps = [(right, y) for (_, y), (right, _) in itertools.pairwise(figure.front)]
    corners = [corner for pair in itertools.zip_longest(figure.front, steps) for corner in pair if corner is not None]
    lines = [corners, *(list(zip(line.x, line.y, strict=True)) for line in figure.joined)]
    name_points(axes, figure.labels, figure.series, lines)
    return canvas, [one.tip for one in figure.series]


def _heights(series: Sequence[Series]) -> list[float]:
    """Return what the vertical axis holds: all points, and of bars no more than as much again on either side."""
    middles = [one.y[0] for one in series]
    low, high = min(middles), max(middles)
    length = (high - low) or math.inf
    return [min(max(end, low - length), high + length) for one in series for end in _ends(one)]


def _ends(one: Series) -> list[float]:
    """Return both ends of a point's bar."""
    return [one.y[0] - (one.half[0] or 0.0), one.y[0] + (one.half[0] or 0.0)]


def _line_colour(one: Series) -> str:
    """Return a method's colour."""
    return colour(f"hue-{hue(one.mark.style)}")


def _marker(one: Series) -> dict[str, Any]:
    """Return a method's marker, with a rim that keeps it apart from what it covers."""
    colours = {"color": _line_colour(one), "markeredgecolor": colour("page"), "markeredgewidth": 0.8}
    return {"marker": SHAPES[marker(one.mark)], **colours}


def _lines(figure: Lines) -> tuple[Canvas, list[str]]:
    """Draw one line a method, with its band, the reference on top."""
    canvas, axes = axes_of()
    pairs = [(x, y) for one in figure.series for x, y in zip(one.x, one.y, strict=True)] + list(figure.guide)
    set_scales(axes, figure.x, figure.y, [x for x, _ in pairs], [y for _, y in pairs])
    if figure.guide:
        axes.plot(*zip(*figure.guide, strict=True), color=colour("muted"), linewidth=0.8, linestyle=(0, (4, 3)))
    for number, one in reversed(list(enumerate(figure.series))):
        line = _line_colour(one)
        if any(one.half):
            low = [y - (half or 0) for y, half in zip(one.y, one.half, strict=True)]
            high = [y + (half or 0) for y, half in zip(one.y, one.half, strict=True)]
            axes.fill_between(one.x, low, high, color=line, alpha=0.13, linewidth=0)
        every = (min(number, len(one.x) - 1) * 2 % max(1, len(one.x) // 4), max(1, len(one.x) // 4))
        (drawn,) = axes.plot(one.x, one.y, linewidth=1.6, markersize=5.5, markevery=every, **_marker(one))
        drawn.set_gid(f"tip{number}")
    return canvas, [one.tip for one in figure.series]


def _region_lines(figure: RegionLines) -> tuple[Canvas, list[str]]:
    """Draw one line a method, named at its end, over the regions in which each is the best, the reference on top."""
    longest = max((len(shortened(one.mark.label)) for one in figure.series), default=0)
    canvas, axes = axes_of(280 + LINE, top=38 + LINE, right=22 + CHARACTER * longest)
    xs = [x for one in figure.series for x in one.x]
    set_scales(axes, figure.x, figure.y, xs, [y for one in figure.series for y in one.y])
    tips = [one.tip for one in figure.series]
    for region in figure.regions:
        shade = colour(f"hue-{hue(region.mark.style)}")
        axes.axvspan(region.low, region.high, color=shade, alpha=0.13, linewidth=0, gid=f"tip{len(tips)}")
        tips.append(region.tip)
    for region in figure.regions[1:]:
        axes.axvline(region.low, color=colour("muted"), linewidth=0.8, alpha=0.6)
    name_regions(axes, figure.regions)
    for name, place in figure.places:
        axes.axvline(place, color=colour("muted"), linewidth=0.8, linestyle=(0, (4, 3)))
        label: dict[str, Any] = {"xytext": (3, -3), "textcoords": "offset points", "va": "top", "size": SMALL}
        axes.annotate(harmless(name), (place, 1), xycoords=("data", "axes fraction"), **label)
    for number, one in reversed(list(enumerate(figure.series))):
        every = (2 + 3 * number % 8, 12)
        (drawn,) = axes.plot(one.x, one.y, linewidth=1.6, markersize=5.5, markevery=every, **_marker(one))
        drawn.set_gid(f"tip{number}")
    name_ends(
        axes, [Label(text=one.mark.label, style=one.mark.style, x=one.x[-1], y=one.y[-1]) for one in figure.series]
    )
    return canvas, tips


def _bars(figure: Bars) -> tuple[Canvas, list[str]]:
    """Draw one stacked bar a method below its name and total."""
    from matplotlib.patches import Rectangle  # late: start-up

    row, count = 35, len(figure.rows)
    canvas, axes = axes_of(row * count + 6, left=6, top=4, bottom=2)
    longest = figure.longest or max(sum(values) for _, values in figure.rows)
    axes.set_xlim(0, longest)
    axes.set_ylim(row * count, 0)
    axes.set_axis_off()
    tips: list[str] = []
    for index, (label, values) in enumerate(figure.rows):
        at = 0.0
        for number, (part, value) in enumerate(zip(figure.parts, values, strict=True)):
            shown = f"{units.significant(value)} {figure.unit}"
            bar = Rectangle((at, row * index + 18), value, 13, color=part_colour(number), gid=f"tip{len(tips)}")
            axes.add_artist(bar)
            tips.append(f"{label}, {part}: {shown}")
            at += value
        axes.text(0, row * index + 14, shortened(label, _LONGEST_LABEL), va="baseline")
        total = f"{units.significant(sum(values))} {figure.unit}"
        axes.text(longest, row * index + 14, total, va="baseline", ha="right", color=colour("muted"))
    return canvas, tips


def _heat(figure: Heat) -> tuple[Canvas, list[str]]:
    """Draw a matrix as an image of one colour whose opacity is the strength."""
    import numpy as np  # late: start-up

    rows, columns = len(figure.rows), len(figure.columns)
    labels = [shortened(label) for label in figure.rows]
    left = min(140.0, 12 + 6 * max(map(len, labels)))
    square = figure.rows and rows == columns
    inner = WIDTH - left - 12 if square else min(420.0, max(80.0, 14.0 * rows))
    canvas, axes = axes_of(inner + 60, left=left, top=22, bottom=38)
    image = np.empty((rows, columns, 4), np.uint8)
    image[..., :3] = _HEAT
    image[..., 3] = np.round(255 * np.clip(figure.values, 0, 1))
    axes.imshow(image, aspect="auto", interpolation="none")
    _name_cells(axes.yaxis, labels, inner / 10.5)
    _name_cells(axes.xaxis, list(figure.columns), (WIDTH - left) / (7 * max(map(len, figure.columns)) + 8))
    axes.tick_params(labelsize=9.5 if max(rows, columns) > 12 else 10.5)
    axes.set_xlabel(figure.column_title, labelpad=4)
    name_rows(axes, figure.row_title)
    for row, texts in enumerate(figure.texts):
        for column, text in enumerate(texts):
            if text:
                ink = "#ffffff" if figure.values[row][column] > 0.6 else colour("ink")
                axes.text(column, row, text, ha="center", va="center", size=9.5, color=ink)
    return canvas, []


def _name_cells(side: Any, labels: Sequence[str], room: float) -> None:
    """Label every cell, or every n-th where there is no room for all."""
    every = next((n for n in (1, 2, 5, 10, 20, 50, 100, 200, 500) if len(labels) / n <= room), len(labels))
    places = list(range(every - 1, len(labels), every))
    set_ticks(side, places, [harmless(labels[place]) for place in places])


DRAWN: Final[dict[type[Figure], Callable[[Any], tuple[Canvas, list[str]]]]] = {
    Points: _points,
    Lines: _lines,
    RegionLines: _region_lines,
    Bars: _bars,
    Heat: _heat,
}
"""Kind of figure -> what draws it and gives the texts of its tips."""
