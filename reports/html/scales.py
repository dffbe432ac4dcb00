"""Values -> limits, ticks and their texts for one axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rsbench.reports.document.figure import Axis

MOST_TICKS: Final = 5
_ABSURD: Final = 1e30
"""Size from which a value is not shown: a damaged record must not make the others unreadable."""
_PREFIXED: Final[dict[str, tuple[str, ...]]] = {
    "B": ("B", "kB", "MB", "GB", "TB"),
    "bit/s": ("bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"),
}
"""Units whose ticks have a decimal prefix, with their names."""
_LONG_S: Final = 600
"""Seconds from which an axis of time is in minutes; twelve times that, in hours."""


@dataclass(frozen=True, kw_only=True)
class Scale:
    """One axis, ready to be drawn.

    Attributes:
        low: at the start of the axis.
        high: at its end.
        ticks: places, in the unit of the values.
        texts: one a tick.
        title: with the unit of the texts.
        log: whether the scale is logarithmic.
    """

    low: float
    high: float
    ticks: tuple[float, ...]
    texts: tuple[str, ...]
    title: str
    log: bool


def scale_of(axis: Axis, values: Sequence[float], pad: float) -> Scale:
    """Return an axis that holds all values.

    Args:
        axis: what it shows.
        values: what will be drawn; those that the axis cannot show do not count.
        pad: share of the length that is left free at both ends.
    """
    shown = [value for value in values if abs(value) < _ABSURD and (value > 0 or not axis.log)] or [1.0]
    low, high = min(shown), max(shown)
    if axis.log:
        margin = max((high / low) ** pad, 1.05)
        first, last = low / margin, high * margin
        ticks = log_ticks(first, last)
    else:
        length = (high - low) or abs(high) or 1.0
        first, last = low - pad * length, high + pad * length
        ticks = linear_ticks(first, last, 60.0 if _divisor(axis, high) > 1 else 1.0)
    divisor = _divisor(axis, high)
    unit = {60: "min", 3600: "h"}.get(divisor, axis.unit)
    names = _PREFIXED.get(axis.unit)
    texts = tuple(prefixed_tick(tick, names) if names else f"{tick / divisor:,.6g}" for tick in ticks)
    title = axis.title + (f" ({unit})" if unit and not names else "")
    return Scale(low=first, high=last, ticks=ticks, texts=texts, title=title, log=axis.log)


def _divisor(axis: Axis, high: float) -> int:
    """Return by what values of an axis of seconds are divided to be read."""
    if axis.unit != "s" or high < _LONG_S:
        return 1
    return 60 if high < 12 * _LONG_S else 3600


def linear_ticks(low: float, high: float, unit: float = 1.0) -> tuple[float, ...]:
    """Return up to five round places (1, 2, 5 or 2.5 times a power of ten; of ``unit``) within limits."""
    raw = (high - low) / unit / MOST_TICKS
    power = 10.0 ** math.floor(math.log10(raw))
    step = unit * power * next(factor for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return tuple(round(number * step, 12) for number in range(first, last + 1))


def log_ticks(low: float, high: float) -> tuple[float, ...]:
    """Return up to five places on a logarithmic axis: 1, 2 and 5 times powers of ten, or fewer of them."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for factors in ((1, 2, 5), (1, 3), (1,)):
        places = [factor * 10.0**power for power in decades for factor in factors]
        places = [place for place in places if low <= place <= high]
        if len(places) <= MOST_TICKS:
            break
    if len(places) < 2:
        return linear_ticks(low, high)
    return tuple(places[:: math.ceil(len(places) / MOST_TICKS)])


def prefixed_tick(value: float, names: Sequence[str]) -> str:
    """Return a value as a tick has it, in one of its decimal units: ``10 kB``."""
    power = min(len(names) - 1, max(0, math.floor(math.log10(value) / 3 + 1e-9))) if value > 0 else 0
    return f"{value / 1000**power:g} {names[power]}"
