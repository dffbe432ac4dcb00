"""Backward + exchange against density: a figure as PNG and SVG, and its numbers as CSV."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rsbench.atomic import write_atomically
from rsbench.bench.density_steps import by_density
from rsbench.bench.measured import Measured, RowSamples, Spread
from rsbench.bench.rows import ERROR_FEEDBACK_FLOOR, MOMENTUM_FLOOR, REFERENCE
from rsbench.bench.table import density_text
from rsbench.errors import RsbenchError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GUIDES: Final = {REFERENCE: 1.0, ERROR_FEEDBACK_FLOOR: 0.5, MOMENTUM_FLOOR: 0.88, "noop": 1.0}
"""Rows without a density that are drawn as level lines, where they were timed: where on its line each name ends."""
NO_CURVE: Final = (
    "--plot needs a compressor with a density, timed at two of them at least: give --density 0.0001,0.001,0.01,0.1."
)
_UNDER_NAMES: Final = {"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.8}
_COLOURS: Final = ("#2f7fd6", "#d9622b", "#3a9a5b", "#9b59b6", "#b8860b", "#c0397b", "#4a6a8a", "#7a7a2a")
_MARKERS: Final = "os^Dvp*X"
_DOTS_PER_INCH: Final = 160
MOST_TICKS: Final = 9
"""Densities that are all written at the axis; of more, the powers of ten are."""


def write(measured: Measured, path: Path) -> list[Path]:
    """Write ``path`` with the endings ``.png``, ``.svg`` and ``.csv``, and return these.

    Raises:
        RsbenchError: no compressor was timed at several densities, or a file cannot be written.
    """
    curves = [curve for curve in by_density(measured) if curve[0].row.kind == "compressor"]
    if not curves:
        raise RsbenchError(NO_CURVE)
    png, svg, table = (path.with_suffix(ending) for ending in (".png", ".svg", ".csv"))
    figure = _draw(measured, curves)
    drawing = io.StringIO()
    try:
        figure.savefig(png, dpi=_DOTS_PER_INCH, metadata={"Software": None})
        figure.savefig(drawing, format="svg", metadata={"Date": None})
        write_atomically(svg, drawing.getvalue())
        write_atomically(table, csv_text(measured))
    except OSError as error:
        raise RsbenchError(f"{path} cannot be written: {error.strerror or error}.") from error
    return [png, svg, table]


def csv_text(measured: Measured) -> str:
    """Return all rows with their densities, milliseconds and multiples of plain DDP, with middle halves."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    three = ("median", "quartile_1", "quartile_3")
    heads = [f"{name}_{one}" for name in ("exchange_ms", "per_plain_ddp") for one in three]
    writer.writerow(["method", "tree", "threads", "density", *heads])
    for one in measured.rows:
        spread, ratio = one.exchange_s(), measured.of_plain_ddp(one)
        if spread is not None and ratio is not None:
            row, ms = one.row, spread.over(1e-3)
            numbers = [f"{value:.4g}" for three in (ms, ratio) for value in (three.median, three.low, three.high)]
            density = "" if row.density is None else density_text(row.density)
            writer.writerow([row.method, row.tree or "this", row.threads, density, *numbers])
    return stream.getvalue()


def _draw(measured: Measured, curves: list[list[RowSamples]]) -> Figure:
    """Return the figure: one line a method, its middle halves as bars and a band, level lines to compare with."""
    import matplotlib  # late: start-up
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    matplotlib.rcParams.update({"svg.hashsalt": "rsbench bench"})  # the same numbers give the same bytes
    figure = Figure(figsize=(7.2, 4.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for number, curve in enumerate(curves):
        _draw_curve(axes, measured, curve, number)
    for method, end in GUIDES.items():
        _draw_guide(axes, measured, method, end)
    axes.set_xscale("log")
    densities = sorted({one.row.density or 0.0 for curve in curves for one in curve})
    if len(densities) <= MOST_TICKS:
        axes.set_xticks(densities, [density_text(density) for density in densities])
        axes.minorticks_off()
    axes.set_ylim(bottom=0)
    axes.set_xlabel("density: share of the elements that is sent")
    axes.set_ylabel("backward + exchange / plain DDP")
    machine = measured.machine
    vectors = f", {machine['vectors']}" if machine["vectors"] else ""
    axes.set_title(
        f"{measured.order['model']}, {measured.order['workers']} workers on {machine['cpu']}{vectors}\n"
        "medians of interleaved rounds; bars and bands: middle half, 25th to 75th percentile",
        fontsize=9,
        loc="left",
    )
    axes.grid(which="major", color="#dddddd", linewidth=0.7)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.legend(fontsize=8, frameon=False, loc="upper left")
    axes.margins(x=0.02)
    axes.set_ylim(top=1.25 * axes.get_ylim()[1])  # room for the legend
    return figure


def _draw_curve(axes: Axes, measured: Measured, curve: list[RowSamples], number: int) -> None:
    """Draw one method's line; another tree's are dashed."""
    row = curve[0].row
    points = [(one.row.density or 0.0, spread) for one in curve if (spread := measured.of_plain_ddp(one)) is not None]
    xs = [density for density, _ in points]
    spreads: list[Spread] = [spread for _, spread in points]
    lows, highs, medians = ([getattr(one, name) for one in spreads] for name in ("low", "high", "median"))
    colour = _COLOURS[number % len(_COLOURS)]
    name = row.method + (f" ({row.tree})" if row.tree else "")
    if len(measured.order["threads"]) > 1:
        name += f", {row.threads} {'thread' if row.threads == 1 else 'threads'}"
    axes.fill_between(xs, lows, highs, color=colour, alpha=0.15, linewidth=0)
    below = [median - low for median, low in zip(medians, lows, strict=True)]
    above = [high - median for median, high in zip(medians, highs, strict=True)]
    axes.errorbar(
        xs,
        medians,
        yerr=[below, above],
        color=colour,
        marker=_MARKERS[number % len(_MARKERS)],
        markersize=4.5,
        linewidth=1.5,
        linestyle="--" if row.tree else "-",
        elinewidth=0.9,
        capsize=2,
        label=name,
    )


def _draw_guide(axes: Axes, measured: Measured, method: str, end: float) -> None:
    """Draw a level line where a row without a density stands, with its name on it."""
    try:
        ratio = measured.of_plain_ddp(measured.find(method))
    except KeyError:
        return
    if ratio is not None:
        is_reference = method == REFERENCE
        style: Any = {"color": "#333333", "linestyle": "-"} if is_reference else {"color": "#888888", "linestyle": "--"}
        axes.axhline(ratio.median, linewidth=0.9, zorder=1, **style)
        place: Any = {"xy": (end, ratio.median), "xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
        name: Any = {"ha": "right", "fontsize": 7, "color": "#555555", "bbox": _UNDER_NAMES, "zorder": 1.5}
        axes.annotate(method, xytext=(0, 2), **name, **place)
