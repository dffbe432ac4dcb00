"""Two sizes of a message in turn hold a budget over any number of steps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from layouts import densities, layouts, modest

from rsbench.compressors.blocks.layout import Layout, elements, tiles
from rsbench.compressors.density.allocation import body_bytes, share_of, uniform_counts
from rsbench.compressors.density.turns import budget_bytes, steady, turns


def sizes(cuts: list[Layout], counts: list[int], most: list[int], budget: int, steps: int) -> list[int]:
    """The bytes of each step, taken one after the other."""
    found, owed, sent = turns(cuts, counts, most, budget), 0, []
    for _ in range(steps):
        sent.append(found.high_bytes if found.is_high(owed) else found.low_bytes)
        owed += budget - sent[-1]
    return sent


@modest
@given(st.lists(layouts(), min_size=1, max_size=6), densities, st.floats(0, 1), st.floats(1e-3, 1), st.integers(0, 40))
def test_any_number_of_steps_stays_within_half_a_block(
    cuts: list[Layout], density: float, extra: float, ceiling: float, steps: int
) -> None:
    most = [share_of(ceiling, cut.blocks) for cut in cuts]
    counts = uniform_counts(cuts, min(density, ceiling))
    budget = budget_bytes(cuts, counts, most, extra)
    found = turns(cuts, counts, most, budget)
    assert body_bytes(cuts, found.low) == found.low_bytes <= budget
    assert found.high == found.low or found.low_bytes <= budget < found.high_bytes
    for count, low, high, limit in zip(counts, found.low, found.high, most, strict=True):
        assert count <= low <= high <= low + 1
        assert high <= limit, "a ceiling holds for what is shared out too"
    sent = sizes(cuts, counts, most, budget, steps)
    assert sum(sent) == found.total_bytes(steps), "planning adds up what the hook sends"
    if found.high != found.low:
        assert abs(sum(sent) - steps * budget) <= (found.high_bytes - found.low_bytes) / 2


def test_what_is_owed_goes_on_into_the_next_steps() -> None:
    cuts = [tiles((64, 64), 16)]
    budget = budget_bytes(cuts, [2], [16], 0.3)
    found = turns(cuts, [2], [16], budget)
    whole = found.total_bytes(20)
    first = found.total_bytes(7)
    assert first + found.total_bytes(13, owed_bytes=7 * budget - first) == whole
    assert (found.low, found.high) == ((2,), (3,))
    assert whole == 20 * found.low_bytes + 6 * (found.high_bytes - found.low_bytes), "0.3 of 20 steps"


def test_blocks_go_to_the_tensors_in_turn_the_lowest_density_first() -> None:
    cuts = [elements((500,)), elements((2000,)), elements((1000,))]
    start = [10, 10, 10]
    one = cuts[0].sparse_bytes(11) - cuts[0].sparse_bytes(10)
    assert turns(cuts, start, [50, 50, 50], body_bytes(cuts, start) + one).low == (10, 11, 10)
    assert turns(cuts, start, [50, 50, 50], body_bytes(cuts, start) + 2 * one).low == (10, 11, 11)
    assert turns(cuts, start, [50, 10, 50], body_bytes(cuts, start) + one).low == (10, 10, 11)


def test_without_room_for_more_nothing_alternates() -> None:
    cuts = [elements((10,))]
    found = turns(cuts, [1], [1], 1000)
    assert found.high == found.low == (1,)
    assert found.total_bytes(5) == 5 * found.low_bytes
    assert not found.is_high(10**9)


@pytest.mark.parametrize("steps", [0, 1, 7])
def test_steady_steps_send_the_same(steps: int) -> None:
    assert steady([elements((10,))], [2]).total_bytes(steps) == steps * elements((10,)).sparse_bytes(2)
