"""Values that stand for missing data, such as -9999 in a height model: far from all others, in many pixels."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_KEPT = 8
"""Outermost values that are kept on either side."""
_MOST_FILLS = 4
"""Different values on one side that may stand for missing data."""
_USUAL = frozenset({-999.0, -9999.0, -99999.0, -32767.0, -32768.0, 65535.0})
_HUGE = 1e9
"""Numbers of this size and more are usual for missing data too."""
_FAR_IF_USUAL, _FAR_IF_REPEATED, _FAR = 0.25, 10.0, 1000.0
"""The least gap to the other values, as a multiple of their range."""

Outermost = list[tuple[float, int]]
"""Values and their numbers of pixels, from the outermost inwards."""


@dataclass(frozen=True, kw_only=True)
class FillValue:
    """A value far from all others.

    Attributes:
        value: as it stands in the data.
        pixels: how many have it in some channel.
        low: smallest of the other values.
        high: largest of the other values.
    """

    value: float
    pixels: int
    low: float
    high: float

    def __str__(self) -> str:
        pixels = "pixel" if self.pixels == 1 else "pixels"
        return (
            f"the value {self.value:g}, far from all others ({self.low:g} to {self.high:g}), fills {self.pixels:,} "
            f"{pixels}"
        )


class Extremes:
    """The outermost values of pixels that are seen piece by piece."""

    def __init__(self) -> None:
        self._low: Counter[float] = Counter()
        self._high: Counter[float] = Counter()

    def add(self, pixels_NC: NDArray[Any]) -> None:
        """Look at some more pixels; values that are no number play no part.

        Args:
            pixels_NC: of any number type, shape [n, channels].
        """
        self._low = _outermost(self._low, np.fmin.reduce(pixels_NC, axis=1), 1)
        self._high = _outermost(self._high, np.fmax.reduce(pixels_NC, axis=1), -1)

    def fill_values(self) -> tuple[FillValue, ...]:
        """Return the values that stand for missing data, the outermost first."""
        low, high = sorted(self._low.items()), sorted(self._high.items(), reverse=True)
        fills: Outermost = []
        while True:
            if count := _count_far(low, high):
                fills, low = fills + low[:count], low[count:]
            elif count := _count_far(high, low):
                fills, high = fills + high[:count], high[count:]
            else:
                break
        return tuple(FillValue(value=value, pixels=n, low=low[0][0], high=high[0][0]) for value, n in fills)


def _outermost(known: Counter[float], values: NDArray[Any], sign: int) -> Counter[float]:
    """Return the outermost of the known and the new values with their counts."""
    distinct, counts = np.unique(values[np.isfinite(values)], return_counts=True)
    chosen = slice(0, _KEPT) if sign > 0 else slice(-_KEPT, None)
    joined = known + Counter(dict(zip(distinct[chosen].astype(float).tolist(), counts[chosen].tolist(), strict=True)))
    return Counter({value: joined[value] for value in sorted(joined, key=lambda value: sign * value)[:_KEPT]})


def _count_far(side: Outermost, other: Outermost) -> int:
    """Return how many values at the outer end of one side are far from what lies between them and the other end."""
    for count in range(1, min(_MOST_FILLS, len(side) - 1) + 1):
        outer, (nearest, _) = side[:count], side[count]
        spread, gap = abs(other[0][0] - nearest), abs(nearest - outer[-1][0])
        if any(value in _USUAL or abs(value) >= _HUGE for value, _ in outer):
            factor = _FAR_IF_USUAL
        elif spread == 0:  # two values in all, such as a mask
            continue
        else:
            factor = _FAR_IF_REPEATED if sum(n for _, n in outer) > 1 else _FAR
        if gap > factor * spread:
            return count
    return 0
