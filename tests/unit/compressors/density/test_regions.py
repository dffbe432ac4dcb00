"""Blocks dealt out over the ranks: each once, as many sent as were asked for, loads alike, bytes as counted."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from layouts import densities, layouts, modest

from rsbench.compressors.blocks.layout import Layout, dense, elements, kernel_slices
from rsbench.compressors.density.allocation import HEADER_BYTES, body_bytes, uniform_counts
from rsbench.compressors.density.regions import cut, message_bytes
from rsbench.compressors.hooks.region_plan import RegionPlan

SHAPES = [(64, 3, 3, 3), (64,), (128, 64, 3, 3), (128,), (256, 128, 3, 3), (256,), (1000, 256), (1000,)]


def bucket(shapes: list[tuple[int, ...]]) -> list[Layout]:
    return [elements(shape) if len(shape) > 1 else dense(shape) for shape in shapes]


@modest
@given(layouts(), densities, st.integers(1, 9))
def test_every_block_is_in_one_part_and_counts_add_up(layout: Layout, density: float, workers: int) -> None:
    (count,) = uniform_counts([layout], density)
    whole = layout.whole(count)
    found, sent = [], 0
    for alike in cut(layout, count, workers):
        units = alike.layout.numel if whole else alike.layout.blocks
        assert 1 <= alike.count <= units
        for number in range(alike.first, alike.first + alike.parts):
            found += range(number, number + units * alike.stride, alike.stride)
            sent += alike.count
    assert sorted(found) == list(range(layout.numel if whole else layout.blocks))
    assert sent == (layout.numel if whole else count)


@modest
@given(st.lists(layouts(), min_size=1, max_size=5), densities, st.integers(1, 9))
def test_bytes_from_counts_are_those_of_the_messages(cuts: list[Layout], density: float, workers: int) -> None:
    names = [str(i) for i in range(len(cuts))]
    counts = uniform_counts(cuts, density)
    named = dict(zip(names, cuts, strict=True)), dict(zip(names, counts, strict=True))
    plan = RegionPlan(*named, dict.fromkeys(names, torch.float32), workers)
    assert message_bytes(cuts, counts, workers) == (sum(m.payload_bytes for m in plan.messages), plan.room)
    assert [len(plan.of_rank[rank]) for rank in range(workers)] == [len(m.slots) for m in plan.messages]


@pytest.mark.parametrize("workers", [2, 3, 4, 8, 64])
@pytest.mark.parametrize("cut_into", [elements, lambda shape: kernel_slices(shape, 3)])
def test_bytes_a_rank_are_two_messages_less_a_share(workers: int, cut_into: object) -> None:
    """2 (W-1)/W B, B one rank's message of an all-gather, within 10 %: below Ok-Topk's bound of 6 k (W-1)/W words."""
    cuts = [cut_into(shape) if len(shape) > 1 else dense(shape) for shape in SHAPES]  # type: ignore[operator]
    counts = uniform_counts(cuts, 0.01)
    sent, summed = message_bytes(cuts, counts, workers)
    data = (workers - 1) / workers * sent + (workers - 1) * summed
    formula = 2 * (workers - 1) / workers * (HEADER_BYTES + body_bytes(cuts, counts))
    assert data == pytest.approx(formula, rel=0.1)
    headers = 4 * HEADER_BYTES * workers
    words = sum(n * lay.block if lay.compressed else lay.numel / 2 for lay, n in zip(cuts, counts, strict=True))
    assert data <= 4 * 6 * words * (workers - 1) / workers + headers


def test_loads_of_the_ranks_are_alike() -> None:
    """Of many tensors that send fewer blocks than there are ranks, and some of a block more each."""
    cuts = bucket([(30, 40)] * 50)
    counts = [3 + i % 3 for i in range(50)]
    named = {str(i): lay for i, lay in enumerate(cuts)}, {str(i): count for i, count in enumerate(counts)}
    plan = RegionPlan(*named, dict.fromkeys(named[0], torch.float32), 8)
    blocks = [sum(part.slot.count for _, part in region) for region in plan.of_rank]
    assert sum(blocks) == sum(counts)
    assert max(blocks) - min(blocks) <= 1
