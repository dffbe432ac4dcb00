"""How the time of an exchange changes from one density to the next. Torch-free."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, pairwise

from rsbench.bench.measured import Measured, RowSamples


def by_density(measured: Measured) -> Iterator[list[RowSamples]]:
    """Yield the timed rows of each method that has several densities, thinnest first."""

    def method(one: RowSamples) -> tuple[int, str, str]:
        return one.row.threads, one.row.method, one.row.tree

    timed = [one for one in measured.rows if one.row.density is not None and one.exchange_s() is not None]
    first_place = {method(one): place for place, one in reversed(list(enumerate(timed)))}
    timed.sort(key=lambda one: (first_place[method(one)], one.row.density))
    for _, rows in groupby(timed, key=method):
        curve = list(rows)
        if len(curve) > 1:
            yield curve


def largest_steps(measured: Measured) -> list[tuple[RowSamples, RowSamples, float]]:
    """Return for each method the neighbours between which its median rises most, and the share by which it does."""
    return [max(_steps(curve), key=lambda step: step[2]) for curve in by_density(measured)]


def _steps(curve: list[RowSamples]) -> Iterator[tuple[RowSamples, RowSamples, float]]:
    """Yield each pair of neighbours with the change of their medians."""
    for low, high in pairwise(curve):
        before, after = low.exchange_s(), high.exchange_s()
        if before is not None and after is not None:
            yield low, high, after.median / before.median - 1
