"""The modelled step on a link that is not there: when compression pays.

Everything here is a model, not a measurement. The step time at bandwidth B is taken as

    t(B) = non-communication time + 8 * wire bytes / B

so communication is not overlapped with computation and latency is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Case = Literal["below", "above", "always", "never"]


@dataclass(frozen=True, kw_only=True)
class BreakEven:
    """At which link speeds a method's step is faster than the reference's.

    Attributes:
        case: ``below`` or ``above`` the bandwidth, ``always``, or ``never``.
        bits_per_s: that bandwidth in bit/s; None for ``always`` and ``never``.
    """

    case: Case
    bits_per_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class StepCost:
    """What one training step costs, apart from the link it runs on.

    Attributes:
        name: the method.
        compute_s: non-communication time per step, seconds.
        wire_bytes: modelled bytes sent per rank per step.
    """

    name: str
    compute_s: float
    wire_bytes: float

    def step_time_s(self, bits_per_s: float) -> float:
        """Return the modelled step time in seconds at a link of ``bits_per_s`` per rank."""
        return self.compute_s + 8 * self.wire_bytes / bits_per_s


def break_even(method: StepCost, reference: StepCost) -> BreakEven:
    """Return the bandwidth at which both steps take equally long: wire bits saved / extra time.

    Args:
        method: the compressor's step.
        reference: the dense step (``none``).

    Returns:
        ``always`` when the method is never slower and somewhere faster, ``never`` when it is nowhere faster,
        else the bandwidth ``below`` (bytes saved, time added) or ``above`` (bytes added, time saved) which it
        is faster.
    """
    saved_bits = 8 * (reference.wire_bytes - method.wire_bytes)
    extra_s = method.compute_s - reference.compute_s
    if saved_bits <= 0 and extra_s >= 0:
        return BreakEven(case="never")
    if saved_bits >= 0 and extra_s <= 0:
        return BreakEven(case="always")
    return BreakEven(case="below" if saved_bits > 0 else "above", bits_per_s=saved_bits / extra_s)


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


def fastest_by_speed(costs: Sequence[StepCost]) -> list[SpeedRange]:
    """Return which method has the shortest modelled step at which link speed, slowest links first.

    Args:
        costs: one per method; of two equal ones the first wins.

    Returns:
        Ranges that touch and cover all speeds; empty for no methods.
    """
    ranges: list[SpeedRange] = []
    # On the slowest link the fewest bytes win; going up, only methods with less computing can take over.
    current = min(costs, key=lambda cost: (cost.wire_bytes, cost.compute_s), default=None)
    above = 0.0
    while current is not None:
        successor, crossing = _next_faster(current, costs)
        ranges.append(SpeedRange(name=current.name, above_bits_per_s=above, below_bits_per_s=crossing))
        current, above = successor, crossing or 0.0
    return ranges


def _next_faster(current: StepCost, costs: Sequence[StepCost]) -> tuple[StepCost | None, float | None]:
    """Return the method that first overtakes ``current`` as the link gets faster, and at which bit/s."""
    crossings = [
        (8 * (cost.wire_bytes - current.wire_bytes) / (current.compute_s - cost.compute_s), cost.compute_s, cost)
        for cost in costs
        if cost.compute_s < current.compute_s and cost.wire_bytes > current.wire_bytes
    ]
    if not crossings:
        return None, None
    bits_per_s, _, successor = min(crossings, key=lambda crossing: crossing[:2])
    return successor, bits_per_s
