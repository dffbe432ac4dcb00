"""Two neighbouring sizes of a message taken in turn, so that a run's bytes come out as asked. Torch-free."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from rsbench.compressors.blocks.layout import Layout
from rsbench.compressors.density.allocation import body_bytes, fill, next_block_bytes


def budget_bytes(layouts: Sequence[Layout], counts: Sequence[int], most: Sequence[int], extra: float) -> int:
    """Return the bytes of a step's blocks, and a share of what one more block of each tensor would cost.

    Args:
        layouts: of the tensors.
        counts: blocks of each at the density.
        most: blocks that no tensor gets more of.
        extra: the share, 0 <= extra <= 1.
    """
    more = sum(next_block_bytes(*each) or 0 for each in zip(layouts, counts, most, strict=True))
    return body_bytes(layouts, counts) + round(extra * more)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Turns:
    """What steps of one budget send: the most blocks that fit it, and now and then one block more.

    Attributes:
        low: blocks of each tensor that fit the budget.
        high: the same and one more, of the tensor where it is cheapest; ``low`` where there is none to add.
        low_bytes: bytes of ``low``.
        high_bytes: bytes of ``high``.
        budget_bytes: bytes that a step sends on average.
    """

    low: tuple[int, ...]
    high: tuple[int, ...]
    low_bytes: int
    high_bytes: int
    budget_bytes: int

    def is_high(self, owed_bytes: int) -> bool:
        """Return whether a step sends ``high``, so that the sum of all stays within half a block of the budgets'.

        Args:
            owed_bytes: what the steps before it sent less than their budgets.
        """
        return 2 * (owed_bytes + self.budget_bytes - self.low_bytes) >= self.high_bytes - self.low_bytes > 0

    def high_steps(self, steps: int, owed_bytes: int = 0) -> int:
        """Return how many of so many steps send ``high``, if each is as :meth:`is_high` says."""
        block_bytes = self.high_bytes - self.low_bytes
        short = owed_bytes + steps * (self.budget_bytes - self.low_bytes)
        return max(0, min(steps, (2 * short + block_bytes) // (2 * block_bytes))) if block_bytes else 0

    def total_bytes(self, steps: int, owed_bytes: int = 0) -> int:
        """Return the bytes of so many steps, of which each is as :meth:`is_high` says."""
        return steps * self.low_bytes + self.high_steps(steps, owed_bytes) * (self.high_bytes - self.low_bytes)


def turns(layouts: Sequence[Layout], counts: Sequence[int], most: Sequence[int], budget: int) -> Turns:
    """Fill a budget.

    Args:
        layouts: of the tensors.
        counts: blocks that each has already; their bytes are within the budget.
        most: blocks that no tensor gets more of.
        budget: bytes of a step.
    """
    low = fill(layouts, counts, most, budget)
    high = list(low)
    costs = {i: next_block_bytes(*each) for i, each in enumerate(zip(layouts, low, most, strict=True))}
    open_costs = {i: cost for i, cost in costs.items() if cost is not None}
    if open_costs:
        high[min(open_costs, key=open_costs.__getitem__)] += 1
    return Turns(
        low=tuple(low),
        high=tuple(high),
        low_bytes=body_bytes(layouts, low),
        high_bytes=body_bytes(layouts, high),
        budget_bytes=budget,
    )


def steady(layouts: Sequence[Layout], counts: Sequence[int]) -> Turns:
    """Return steps that all send the same."""
    size = body_bytes(layouts, counts)
    return Turns(low=tuple(counts), high=tuple(counts), low_bytes=size, high_bytes=size, budget_bytes=size)
