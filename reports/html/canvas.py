"""Matplotlib's canvas and axes as all figures have them. Matplotlib is loaded here and nowhere else."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from rsbench.reports.document.figure import Axis
from rsbench.reports.html.scales import scale_of
from rsbench.reports.html.svg import colour

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

WIDTH: Final = 360
"""Units from left to right: about a phone's width, the same for every figure, so that letters have one size."""
HEIGHT: Final = 240

_POINTS_PER_INCH: Final = 72
_FONT: Final = 11.5
_CHARACTER: Final = 0.62 * _FONT
"""Room of a tick's character: more than an average letter takes, because the page's font is the reader's."""


@contextmanager
def matplotlib_settings(name: str) -> Iterator[None]:
    """Set what Matplotlib takes from global settings.

    Args:
        name: of the figure; element ids are made of it, so that the same data give the same bytes.
    """
    import matplotlib  # late: start-up

    settings: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": name,
        "font.size": _FONT,
        "font.family": ["DejaVu Sans"],
        "text.parse_math": False,
        "text.color": colour("ink"),
        "axes.labelcolor": colour("muted"),
        "xtick.color": colour("muted"),
        "ytick.color": colour("muted"),
        "path.simplify": True,
        "figure.dpi": _POINTS_PER_INCH,
    }
    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(settings)
        warnings.filterwarnings("ignore", message="Glyph")  # the browser has the letters that this font has not
        yield


def axes_of(
    height: float = HEIGHT, *, left: float = 50, top: float = 26, bottom: float = 40, right: float = 12
) -> tuple[Canvas, Axes]:
    """Return a canvas with one pair of axes at margins in units."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG  # late: start-up
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(WIDTH / _POINTS_PER_INCH, height / _POINTS_PER_INCH))
    FigureCanvasSVG(canvas)
    size = ((WIDTH - left - right) / WIDTH, (height - top - bottom) / height)
    axes = canvas.add_axes((left / WIDTH, bottom / height, *size))
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(colour("muted"))
    axes.tick_params(length=0, pad=5)
    return canvas, axes


def set_scales(axes: Axes, x: Axis, y: Axis, xs: Sequence[float], ys: Sequence[float]) -> None:
    """Set limits, ticks, grid and titles for the values that will be drawn."""
    for axis, side, values, pad in ((x, axes.xaxis, xs, 0.03), (y, axes.yaxis, ys, 0.06)):
        scale = scale_of(axis, values, pad)
        if scale.log:
            (axes.set_xscale if side is axes.xaxis else axes.set_yscale)("log", nonpositive="clip")
        (axes.set_xlim if side is axes.xaxis else axes.set_ylim)(scale.low, scale.high)
        set_ticks(side, scale.ticks, scale.texts)
        if side is axes.xaxis:
            every = 2 if _touch(axes, scale.ticks, scale.texts) else 1
            set_ticks(side, scale.ticks[::every], scale.texts[::every])
            axes.set_xlabel(scale.title, labelpad=4)
        else:
            name_rows(axes, scale.title)
    axes.grid(axis="y", color=colour("grid"), linewidth=0.8)
    axes.set_axisbelow(True)


def _touch(axes: Axes, ticks: Sequence[float], texts: Sequence[str]) -> bool:
    """Return whether texts at neighbouring places of the horizontal axis have no room for a space between them."""
    middles = [float(axes.transData.transform((tick, axes.get_ylim()[0]))[0]) for tick in ticks]
    places = list(zip(middles, texts, strict=True))
    return any(
        to - at < _CHARACTER * (len(text) + len(other)) / 2 for (at, text), (to, other) in itertools.pairwise(places)
    )


def set_ticks(side: Any, places: Sequence[float], texts: Sequence[str]) -> None:
    """Write texts at places of one of Matplotlib's axes, and nothing between."""
    from matplotlib.ticker import FixedLocator  # late: start-up

    side.set_major_locator(FixedLocator(list(places)))
    side.set_ticklabels(texts)
    side.set_minor_locator(FixedLocator([]))


def name_rows(axes: Axes, title: str) -> None:
    """Write the vertical axis' title at the top left, where it needs no turned head."""
    axes.annotate(title, (0, 1), (2, -2), "figure fraction", "offset points", color=colour("muted"), va="top")
