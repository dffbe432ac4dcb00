"""When compression pays: break-even speeds, and the fastest method by speed, found on the modelled steps.

Everything here is a model, not a measurement: :mod:`rsbench.reports.costs.step_model` says what it knows. Speeds are
searched from 10 kbit/s to 10 Tbit/s, on links without latency unless a round trip is given.
"""

from __future__ import annotations

import functools
import itertools
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from rsbench.links.link import Link
from rsbench.reports.costs.step_model import StepCosts

Case = Literal["below", "above", "always", "never"]

_SPEEDS: Final = tuple(10.0 ** (4 + 9 * index / 180) for index in range(181))
"""Bit/s from 10 kbit/s to 10 Tbit/s, twenty a decade: a narrower range than 12 % is no advice."""
_HALVINGS: Final = 40
EQUAL_BYTES: Final = 1.05
"""Matching leaves wire bytes a little apart: up to this factor they are no reason to prefer a method."""
_EQUAL: Final = 1e-9
"""Share of a step below which two modelled steps are equal."""


@dataclass(frozen=True, kw_only=True)
class BreakEven:
    """At which link speeds a method's step is faster than the reference's.

    Attributes:
        case: ``below`` or ``above`` the bandwidth, ``always``, or ``never``.
        bits_per_s: that bandwidth in bit/s; None for ``always`` and ``never``.
        low_bits_per_s: the lowest over the seeds, None from one seed or where seeds differ in the case.
        high_bits_per_s: the highest over the seeds, likewise.
        doubt: why the number is not to be trusted; empty where it is.
    """

    case: Case
    bits_per_s: float | None = None
    low_bits_per_s: float | None = None
    high_bits_per_s: float | None = None
    doubt: str = ""


def wired(bits_per_s: float, round_trip_s: float = 0.0) -> Link:
    """Return a link with the same speed in both directions."""
    return Link(down_bits_per_s=bits_per_s, up_bits_per_s=bits_per_s, round_trip_s=round_trip_s)


def break_even(
    method: StepCosts, reference: StepCosts, time_s: Callable[[StepCosts, Link], float] = StepCosts.step_time_s
) -> BreakEven:
    """Return the bandwidth at which both modelled steps take equally long.

    Args:
        method: the compressor's step.
        reference: the dense step (``none``).
        time_s: how long a step takes on a link.

    Returns:
        ``always`` when the method is never slower and somewhere faster, ``never`` when it is nowhere faster, else the
        bandwidth ``below`` or ``above`` which it is faster; of several the lowest.
    """

    def gain(bits_per_s: float) -> float:
        link = wired(bits_per_s)
        other = time_s(reference, link)
        difference = other - time_s(method, link)
        return 0.0 if abs(difference) <= _EQUAL * other else difference

    gains = [gain(speed) for speed in _SPEEDS]
    if all(value <= 0 for value in gains):
        return BreakEven(case="never")
    if all(value >= 0 for value in gains):
        return BreakEven(case="always")
    signs = [(speed, value > 0) for speed, value in zip(_SPEEDS, gains, strict=True) if value]
    (slower, pays), (faster, _) = next(
        (left, right) for left, right in itertools.pairwise(signs) if left[1] != right[1]
    )
    crossing = _crossing(lambda speed: (gain(speed) > 0) == pays, slower, faster)
    return BreakEven(case="below" if pays else "above", bits_per_s=crossing)


def over_seeds(points: Sequence[BreakEven], whole: BreakEven) -> BreakEven:
    """Return a method's break-even with its range over the seeds, where they agree in the case.

    Args:
        points: one a seed.
        whole: of the seed in the middle.
    """
    speeds = [point.bits_per_s for point in points if point.case == whole.case and point.bits_per_s is not None]
    if len(speeds) < 2 or len(speeds) < len(points):
        return whole
    return BreakEven(
        case=whole.case, bits_per_s=whole.bits_per_s, low_bits_per_s=min(speeds), high_bits_per_s=max(speeds)
    )


def middle_costs(every: Sequence[StepCosts]) -> StepCosts:
    """Return those of the seed whose computing is in the middle (the quicker of two): seeds run the same work."""
    middle = statistics.median_low(costs.compute_s for costs in every)
    return next(costs for costs in every if costs.compute_s == middle)


@dataclass(frozen=True, kw_only=True)
class SpeedRange:
    """A range of link speeds and the method whose modelled step is the shortest there.

    Attributes:
        name: the method.
        above_bits_per_s: lower end, 0 for the first range.
        below_bits_per_s: upper end, None for the last range.
    """

    name: str
    above_bits_per_s: float
    below_bits_per_s: float | None


@functools.lru_cache(maxsize=32)
def fastest_by_speed(
    costs: tuple[StepCosts, ...],
    round_trip_s: float = 0.0,
    *,
    dense: StepCosts | None = None,
    least_gain: float = 0.0,
) -> tuple[SpeedRange, ...]:
    """Return which method has the shortest modelled step at which link speed, slowest links first.

    Args:
        costs: one per method; of two equal ones the first wins.
        round_trip_s: of the links.
        dense: the dense step, which wins where no other is shorter by the least gain.
        least_gain: share of the dense step.

    Returns:
        Ranges that touch and cover all speeds; empty for no methods.
    """
    if not costs:
        return ()

    def best(bits_per_s: float) -> str:
        link = wired(bits_per_s, round_trip_s)
        steps_s = {one.name: one.step_time_s(link) for one in costs}
        name = min(steps_s, key=lambda one: steps_s[one])
        if dense is not None and steps_s[name] > (1 - least_gain) * dense.step_time_s(link):
            return dense.name
        return name

    ranges: list[SpeedRange] = []
    above, winner = 0.0, best(_SPEEDS[0])
    for slower, faster in itertools.pairwise(_SPEEDS):
        if (name := best(faster)) == winner:
            continue
        crossing = _crossing(lambda speed, winner=winner: best(speed) == winner, slower, faster)  # type: ignore[misc]
        ranges.append(SpeedRange(name=winner, above_bits_per_s=above, below_bits_per_s=crossing))
        above, winner = crossing, name
    return (*ranges, SpeedRange(name=winner, above_bits_per_s=above, below_bits_per_s=None))


def _crossing(holds: Callable[[float], bool], slower: float, faster: float) -> float:
    """Return the speed between two up to which something holds that does at the slower one only, to seven digits."""
    for _ in range(_HALVINGS):
        middle = (slower * faster) ** 0.5
        slower, faster = (middle, faster) if holds(middle) else (slower, middle)
    return float(f"{faster:.7g}")
