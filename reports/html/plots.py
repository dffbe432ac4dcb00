"""Figure data -> SVG texts for a page: drawn by Matplotlib, coloured by the page's CSS variables.

Text stays text, so that it is sharp, searchable and in the page's font; one SVG serves light and dark. All are 360
units wide, about a phone's width, so that letters have the same size in every figure.
"""

from __future__ import annotations

import functools
import html
import io
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from rsbench import units
from rsbench.reports.document.figure import Axis, Bars, Figure, Heat, Lines, Points, Series
from rsbench.reports.html import scales

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

WIDTH = 360
HEIGHT = 240
HUES = 7
"""Colours beside the reference's; ``page.css`` has a variable for each."""
SHAPES: Final = ("o", "s", "^", "D", "v", "P", "X")
"""Markers: the first is the reference's. Six others and seven hues make 42 pairs."""

_POINTS_PER_INCH = 72
_FONT = 11.5
_HEAT: Final = (47, 127, 214)
_NAMES: Final = ("ink", "muted", "grid", "page", *(f"hue-{hue}" for hue in range(HUES + 1)))
_PART: Final = len(_NAMES)
_LONGEST_LABEL = 44


def hue(style: int) -> int:
    """Return the number of the colour variable of a style."""
    return style and (style - 1) % HUES + 1


def shape(style: int) -> int:
    """Return the number of the marker of a style."""
    return style and (style - 1) % (len(SHAPES) - 1) + 1


def draw(figure: Figure, name: str) -> str:
    """Return a figure as an SVG element to be put into a page.

    Args:
        figure: one of the kinds in ``DRAWN``.
        name: unique in the page: element ids are made of it, so that the same data give the same bytes.
    """
    with _matplotlib(name):
        canvas, tips = DRAWN[type(figure)](figure)
        stream = io.StringIO()
        canvas.savefig(stream, format="svg", transparent=True, metadata={"Date": None})
    label = f"{figure.title}. {figure.caption}".strip()
    return _page_svg(stream.getvalue(), tips, label)


@contextmanager
def _matplotlib(name: str) -> Iterator[None]:
    """Set what Matplotlib takes from global settings; Matplotlib is loaded here and nowhere else."""
    import matplotlib

    settings: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": name,
        "font.size": _FONT,
        "font.family": ["DejaVu Sans"],
        "text.parse_math": False,
        "text.color": _colour("ink"),
        "axes.labelcolor": _colour("muted"),
        "xtick.color": _colour("muted"),
        "ytick.color": _colour("muted"),
        "path.simplify": True,
        "figure.dpi": _POINTS_PER_INCH,
    }
    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(settings)
        warnings.filterwarnings("ignore", message="Glyph")  # the browser has the letters that this font has not
        yield


def _colour(name: str) -> str:
    """Return a colour that stands for a CSS variable until ``_page_svg`` puts it there."""
    return f"#abcd{_NAMES.index(name):02d}"


def _part_colour(number: int) -> str:
    """Return likewise for a part of a step."""
    return f"#abcd{_PART + number:02d}"


def _axes(height: float = HEIGHT, *, left: float = 50, top: float = 26, bottom: float = 40) -> tuple[Canvas, Axes]:
    """Return a canvas with one pair of axes at margins in units."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(WIDTH / _POINTS_PER_INCH, height / _POINTS_PER_INCH))
    FigureCanvasSVG(canvas)
    size = ((WIDTH - left - 12) / WIDTH, (height - top - bottom) / height)
    axes = canvas.add_axes((left / WIDTH, bottom / height, *size))
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_colour("muted"))
    axes.tick_params(length=0, pad=5)
    return canvas, axes


def _scale(axes: Axes, x: Axis, y: Axis, xs: Sequence[float], ys: Sequence[float]) -> None:
    """Set limits, ticks, grid and titles for the values that will be drawn."""
    for axis, side, values, pad in ((x, axes.xaxis, xs, 0.03), (y, axes.yaxis, ys, 0.06)):
        scale = scales.scale_of(axis, values, pad)
        if scale.log:
            (axes.set_xscale if side is axes.xaxis else axes.set_yscale)("log", nonpositive="clip")
        (axes.set_xlim if side is axes.xaxis else axes.set_ylim)(scale.low, scale.high)
        side.set_major_locator(_fixed(scale.ticks))
        side.set_ticklabels(scale.texts)
        side.set_minor_locator(_fixed(()))
        if side is axes.xaxis:
            axes.set_xlabel(scale.title, labelpad=4)
        else:
            _name_rows(axes, scale.title)
    axes.grid(axis="y", color=_colour("grid"), linewidth=0.8)
    axes.set_axisbelow(True)


def _name_rows(axes: Axes, title: str) -> None:
    """Write the vertical axis' title at the top left, where it needs no turned head."""
    axes.annotate(title, (0, 1), (2, -2), "figure fraction", "offset points", color=_colour("muted"), va="top")


def _fixed(places: Sequence[float]) -> Any:
    """Return a locator of given places."""
    from matplotlib.ticker import FixedLocator

    return FixedLocator(list(places))


def _points(figure: Points) -> tuple[Canvas, list[str]]:
    """Draw one point a method with its spread, and the front."""
    canvas, axes = _axes(280)
    low_high = [value for one in figure.series for value in _ends(one)]
    _scale(axes, figure.x, figure.y, [one.x[0] for one in figure.series], low_high)
    if len(figure.front) > 1:
        xs, ys = zip(*figure.front, strict=True)
        axes.plot(xs, ys, drawstyle="steps-post", color=_colour("muted"), linewidth=1, linestyle=(0, (4, 3)))
    for number, one in enumerate(figure.series):
        (bar,) = axes.plot(one.x * 2, _ends(one), color=_line_colour(one), linewidth=1.2, alpha=0.7)
        (point,) = axes.plot(one.x, one.y, linestyle="none", markersize=7, **_marker(one))
        bar.set_gid(f"tip{number}")
        point.set_gid(f"tip{number}")
        point.set_clip_on(False)
    return canvas, [one.tip for one in figure.series]


def _ends(one: Series) -> list[float]:
    """Return both ends of a point's bar."""
    return [one.y[0] - (one.sd[0] or 0.0), one.y[0] + (one.sd[0] or 0.0)]


def _line_colour(one: Series) -> str:
    """Return a method's colour."""
    return _colour(f"hue-{hue(one.mark.style)}")


def _marker(one: Series) -> dict[str, Any]:
    """Return a method's marker, with a rim that keeps it apart from what it covers."""
    colours = {"color": _line_colour(one), "markeredgecolor": _colour("page"), "markeredgewidth": 0.8}
    return {"marker": SHAPES[shape(one.mark.style)], **colours}


def _lines(figure: Lines) -> tuple[Canvas, list[str]]:
    """Draw one line a method, with its band, the reference on top."""
    canvas, axes = _axes()
    pairs = [(x, y) for one in figure.series for x, y in zip(one.x, one.y, strict=True)] + list(figure.guide)
    _scale(axes, figure.x, figure.y, [x for x, _ in pairs], [y for _, y in pairs])
    if figure.guide:
        axes.plot(*zip(*figure.guide, strict=True), color=_colour("muted"), linewidth=0.8, linestyle=(0, (4, 3)))
    for number, one in reversed(list(enumerate(figure.series))):
        line = _line_colour(one)
        if any(one.sd):
            low = [y - (sd or 0) for y, sd in zip(one.y, one.sd, strict=True)]
            high = [y + (sd or 0) for y, sd in zip(one.y, one.sd, strict=True)]
            axes.fill_between(one.x, low, high, color=line, alpha=0.13, linewidth=0)
        every = (min(number, len(one.x) - 1) * 2 % max(1, len(one.x) // 4), max(1, len(one.x) // 4))
        (drawn,) = axes.plot(one.x, one.y, linewidth=1.6, markersize=5.5, markevery=every, **_marker(one))
        drawn.set_gid(f"tip{number}")
    return canvas, [one.tip for one in figure.series]


def _bars(figure: Bars) -> tuple[Canvas, list[str]]:
    """Draw one stacked bar a method below its name and total."""
    from matplotlib.patches import Rectangle

    row, count = 35, len(figure.rows)
    canvas, axes = _axes(row * count + 6, left=6, top=4, bottom=2)
    longest = max(sum(values) for _, values in figure.rows)
    axes.set_xlim(0, longest)
    axes.set_ylim(row * count, 0)
    axes.set_axis_off()
    tips: list[str] = []
    for index, (label, values) in enumerate(figure.rows):
        at = 0.0
        for number, (part, value) in enumerate(zip(figure.parts, values, strict=True)):
            shown = f"{units.significant(value)} {figure.unit}"
            bar = Rectangle((at, row * index + 18), value, 13, color=_part_colour(number), gid=f"tip{len(tips)}")
            axes.add_artist(bar)
            tips.append(f"{label}, {part}: {shown}")
            at += value
        axes.text(0, row * index + 14, _short(label), va="baseline")
        total = f"{units.significant(sum(values))} {figure.unit}"
        axes.text(longest, row * index + 14, total, va="baseline", ha="right", color=_colour("muted"))
    return canvas, tips


def _heat(figure: Heat) -> tuple[Canvas, list[str]]:
    """Draw a matrix as an image of one colour whose opacity is the strength."""
    import numpy as np

    rows, columns = len(figure.rows), len(figure.columns)
    labels = [_short(label, 22) for label in figure.rows]
    left = min(140.0, 12 + 6 * max(map(len, labels)))
    square = figure.rows and rows == columns
    inner = WIDTH - left - 12 if square else min(420.0, max(80.0, 14.0 * rows))
    canvas, axes = _axes(inner + 60, left=left, top=22, bottom=38)
    image = np.empty((rows, columns, 4), np.uint8)
    image[..., :3] = _HEAT
    image[..., 3] = np.round(255 * np.clip(figure.values, 0, 1))
    axes.imshow(image, aspect="auto", interpolation="none")
    _name_cells(axes.yaxis, labels, inner / 10.5)
    _name_cells(axes.xaxis, list(figure.columns), (WIDTH - left) / (7 * max(map(len, figure.columns)) + 8))
    axes.tick_params(labelsize=9.5 if max(rows, columns) > 12 else 10.5)
    axes.set_xlabel(figure.column_title, labelpad=4)
    _name_rows(axes, figure.row_title)
    for row, texts in enumerate(figure.texts):
        for column, text in enumerate(texts):
            if text:
                strong = figure.values[row][column] > 0.6
                colour = "#ffffff" if strong else _colour("ink")
                axes.text(column, row, text, ha="center", va="center", size=9.5, color=colour)
    return canvas, []


def _name_cells(side: Any, labels: Sequence[str], room: float) -> None:
    """Label every cell, or every n-th where there is no room for all."""
    every = next((n for n in (1, 2, 5, 10, 20, 50, 100, 200, 500) if len(labels) / n <= room), len(labels))
    places = list(range(every - 1, len(labels), every))
    side.set_major_locator(_fixed(places))
    side.set_ticklabels([labels[place] for place in places])


def _short(label: str, longest: int = _LONGEST_LABEL) -> str:
    """Return a label that fits, cut in the middle; the tables have it whole."""
    if len(label) <= longest:
        return label
    return f"{label[: longest // 2]}…{label[len(label) - longest // 2 + 1 :]}"


DRAWN: Final[dict[type[Figure], Callable[[Any], tuple[Canvas, list[str]]]]] = {
    Points: _points,
    Lines: _lines,
    Bars: _bars,
    Heat: _heat,
}
"""Kind of figure -> what draws it and gives the texts of its tips."""


def _page_svg(svg: str, tips: Sequence[str], label: str) -> str:
    """Return Matplotlib's file as an element: no header, no styles of its own, ids only where they are used."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>|<!--.*?-->", "", body, flags=re.DOTALL)
    body = re.sub(r'<g id="tip(\d+)">', lambda found: f"<g><title>{html.escape(tips[int(found[1])])}</title>", body)
    body = re.sub(r'<g id="[^"]*"', "<g", body)
    body = re.sub(r' d="[^"]*"', lambda found: re.sub(r"(\.\d)\d+", r"\1", found[0]), body)
    body = re.sub(r'style="[^"]*"', lambda found: _page_style(found[0]), body)
    body = re.sub(r"\s*\n\s*", "\n", body)
    head = f'<svg viewBox="{_view_box(svg)}" role="img" aria-label="{html.escape(label)}">'
    return re.sub(r"^<svg[^>]*>", lambda _: head, body).strip()


def _page_style(style: str) -> str:
    """Return a style attribute with the page's font and CSS variables."""
    style = re.sub(r"font: ([\d.]+px) [^;\"]*", r"font-size: \1", style)
    style = re.sub(r"font-family: [^;\"]*;? ?", "", style)
    return re.sub(r"#abcd(\d\d)", lambda found: f"var(--{_variable(int(found[1]))})", style)


def _variable(number: int) -> str:
    """Return the CSS variable that a stand-in colour means."""
    return _NAMES[number] if number < _PART else f"part-{number - _PART}"


@functools.cache
def _box_pattern() -> re.Pattern[str]:
    return re.compile(r'viewBox="([^"]*)"')


def _view_box(svg: str) -> str:
    """Return the drawing's own box."""
    found = _box_pattern().search(svg)
    return found[1] if found else f"0 0 {WIDTH} {HEIGHT}"
