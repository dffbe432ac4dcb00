"""Names beside points and at the ends of lines: where each has room, so that a figure needs no legend."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from rsbench.console import harmless
from rsbench.reports.document.figure import Label, Region, Series
from rsbench.reports.html.svg import colour, hue

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SMALL: Final = 9.5
"""Size of a name, in the figure's units."""
CHARACTER: Final = 0.62 * SMALL
"""Room of a character: more than an average letter takes, because the page's font is the reader's."""
LINE: Final = 1.2 * SMALL
"""Height of a name."""
_POINT: Final = 5.0
"""Half the room of a marker."""
_NEAR: Final = 16.0
"""Distance from which a thin line leads from a point to its name."""
_DISTANCES: Final = (8.0, 12.0, 16.0, 22.0, 30.0, 40.0, 52.0, 66.0, 82.0, 100.0, 130.0)
_DIRECTIONS: Final = (180, 0, 90, 270, 160, 200, 20, 340, 135, 225, 45, 315, 110, 250, 70, 290)
"""Degrees; left of a point is tried first."""


Line = Sequence[tuple[float, float]]
"""Corners of a line, in the axes' values."""


class Box(NamedTuple):
    """A rectangle."""

    left: float
    bottom: float
    right: float
    top: float

    def meets(self, other: Box) -> bool:
        """Return whether two rectangles overlap."""
        return (
            self.left < other.right and other.left < self.right and self.bottom < other.top and other.bottom < self.top
        )

    def holds(self, other: Box) -> bool:
        """Return whether another rectangle lies inside."""
        return (
            self.left <= other.left
            and self.bottom <= other.bottom
            and other.right <= self.right
            and other.top <= self.top
        )


def places_of(
    points: Sequence[tuple[float, float]], widths: Sequence[float], room: Box, taken: Sequence[Box]
) -> list[Box | None]:
    """Return where the names of points go, each as near to its point as there is room.

    Args:
        points: one a name.
        widths: of the names.
        room: in which names may be.
        taken: what names must not cover.

    Returns:
        One rectangle a name, none of which overlap; None for a name that has no room.
    """
    used, places = list(taken), []
    for point, width in zip(points, widths, strict=True):
        boxes = (_box(point, width, *way) for way in itertools.product(_DISTANCES, _DIRECTIONS))
        place = next((box for box in boxes if room.holds(box) and not any(map(box.meets, used))), None)
        places.append(place)
        used += [] if place is None else [place]
    return places


def _box(point: tuple[float, float], width: float, distance: float, degrees: float) -> Box:
    """Return a name's rectangle whose nearest edge is so far from a point in a direction."""
    across, up = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    x, y = point[0] + distance * across, point[1] + distance * up
    left = x - width / 2 * (1 - across)
    bottom = y - LINE / 2 * (1 - up)
    return Box(left, bottom, left + width, bottom + LINE)


def spread_apart(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Return places on a line that keep a gap between them, in the same order, moved as little as is simple.

    Args:
        places: where they would be.
        gap: between neighbours; where there is no room for it, less.
        low: the lowest place.
        high: the highest place.
    """
    gap = min(gap, (high - low) / max(1, len(places) - 1))
    order = sorted(range(len(places)), key=lambda index: places[index])
    moved: dict[int, float] = {}
    at = low - gap
    for index in order:
        at = max(places[index], at + gap)
        moved[index] = at
    at = high + gap
    for index in reversed(order):
        at = min(moved[index], at - gap)
        moved[index] = at
    return [moved[index] for index in range(len(places))]


def shortened(label: str, longest: int = 22) -> str:
    """Return a label that fits, cut in the middle; the tables have it whole."""
    label = harmless(label)
    if len(label) <= longest:
        return label
    return f"{label[: longest // 2]}…{label[len(label) - longest // 2 + 1 :]}"


def make_room(axes: Axes, labels: Sequence[Label]) -> None:
    """Widen a logarithmic axis to the left, so that names have room left of the first points."""
    low, high = axes.get_xlim()
    room = 16 + CHARACTER * max((len(shortened(label.text)) for label in labels), default=0)
    width = axes.get_window_extent().width
    if labels and low > 0 and room < width / 2:
        axes.set_xlim(high / (high / low) ** (width / (width - room)), high)


def name_above(axes: Axes, text: str, place: float, style: int | None = None) -> None:
    """Write a name above a place of the horizontal axis, in a method's colour or quietly."""
    ink = colour("muted") if style is None else colour(f"hue-{hue(style)}")
    label: dict[str, Any] = {"xytext": (0, 4), "textcoords": "offset points", "ha": "center", "size": SMALL}
    axes.annotate(text, (place, 1), xycoords=("data", "axes fraction"), color=ink, **label)


def name_regions(axes: Axes, regions: Sequence[Region]) -> None:
    """Write the name of each region's method above it, a name wider than its region a line higher with a thin line."""
    free = -math.inf
    for region in regions:
        text, place = shortened(region.mark.label), math.sqrt(region.low * region.high)
        left, middle, right = (_spot(axes, x, 1.0)[0] for x in (region.low, place, region.high))
        width = CHARACTER * len(text)
        if width < right - left:
            name_above(axes, text, place, region.mark.style)
            continue
        at = max(middle, free + width / 2)
        free = at + width / 2 + CHARACTER
        ink = colour(f"hue-{hue(region.mark.style)}")
        line: dict[str, Any] = {"arrowstyle": "-", "color": ink, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 0}
        label: dict[str, Any] = {"textcoords": "offset points", "ha": "center", "size": SMALL, "arrowprops": line}
        label |= {"xycoords": ("data", "axes fraction"), "xytext": (at - middle, 4 + LINE)}
        axes.annotate(text, (place, 1), color=ink, **label)


def name_points(axes: Axes, labels: Sequence[Label], points: Sequence[Series], lines: Sequence[Line]) -> None:
    """Write names beside points, with a thin line to those that are far.

    Args:
        axes: with their final limits.
        labels: the names.
        points: all that are drawn, which names must not cover.
        lines: corners of the lines that are drawn, likewise.
    """
    taken = [_around(_spot(axes, one.x[0], one.y[0]), _POINT) for one in points]
    taken += [_around(spot, 1.0) for line in lines for spot in _along(axes, line)]
    bounds = axes.get_window_extent()
    room = Box(bounds.x0, bounds.y0, bounds.x1 + 8, bounds.y1)
    anchors = [_spot(axes, label.x, label.y) for label in labels]
    widths = [CHARACTER * len(shortened(label.text)) for label in labels]
    for label, anchor, box in zip(labels, anchors, places_of(anchors, widths, room, taken), strict=True):
        if box is not None:
            _write(axes, label, anchor, box)


def name_ends(axes: Axes, labels: Sequence[Label]) -> None:
    """Write names right of the ends of lines, one below the other, with a thin line to each end."""
    bounds = axes.get_window_extent()
    anchors = [_spot(axes, label.x, label.y) for label in labels]
    heights = spread_apart([y for _, y in anchors], LINE + 1, bounds.y0 + LINE / 2, bounds.y1 - LINE / 2)
    for label, anchor, y in zip(labels, anchors, heights, strict=True):
        left = bounds.x1 + 12
        _write(axes, label, anchor, Box(left, y - LINE / 2, left + CHARACTER * len(label.text), y + LINE / 2), far=True)


def _around(spot: tuple[float, float], half: float) -> Box:
    """Return the square around a place on the canvas."""
    return Box(spot[0] - half, spot[1] - half, spot[0] + half, spot[1] + half)


def _along(axes: Axes, line: Line) -> list[tuple[float, float]]:
    """Return places on the canvas along a line, closer together than a name is high."""
    spots = [_spot(axes, x, y) for x, y in line]
    places = []
    for (x, y), (to_x, to_y) in itertools.pairwise(spots):
        count = 1 + int(math.dist((x, y), (to_x, to_y)) / (LINE / 3))
        places += [(x + (to_x - x) * n / count, y + (to_y - y) * n / count) for n in range(count + 1)]
    return places


def _spot(axes: Axes, x: float, y: float) -> tuple[float, float]:
    """Return where a point is on the canvas."""
    across, up = axes.transData.transform((x, y))
    return float(across), float(up)


def _write(axes: Axes, label: Label, anchor: tuple[float, float], box: Box, *, far: bool = False) -> None:
    """Write a name into its rectangle, with a thin line from its point where that is far."""
    ink = colour(f"hue-{hue(label.style)}")
    middle = (box.bottom + box.top) / 2
    nearest = (min(max(anchor[0], box.left), box.right), min(max(anchor[1], box.bottom), box.top))
    if far or math.dist(anchor, nearest) > _NEAR:
        end = (box.left - 1, middle) if far else nearest
        line: dict[str, Any] = {"color": ink, "linewidth": 0.6, "alpha": 0.7, "clip_on": False, "transform": None}
        axes.plot(*zip(anchor, end, strict=True), **line)
    text: dict[str, Any] = {"va": "center", "size": SMALL, "color": ink, "transform": None}
    axes.text(box.left, middle, shortened(label.text), **text)
