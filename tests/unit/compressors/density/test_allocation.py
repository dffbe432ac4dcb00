"""Counts of blocks fill the budget and keep the floor, on real shapes too."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from layouts import densities, layouts, modest

from rsbench.compressors import RSDGC, parse
from rsbench.compressors.blocks.layout import Layout, dense, elements, kernel_slices, tiles
from rsbench.compressors.density.allocation import (
    HEADER_BYTES,
    message_bytes,
    share_of,
    share_out,
    uniform_counts,
)
from rsbench.compressors.density.policies import POLICIES
from rsbench.planning import probe_worker


@pytest.mark.parametrize("model", ["vgg19", "resnet18", "resnet50"])
@pytest.mark.parametrize("policy", ["global_rank", "mean_abs", "lamp"])
def test_no_layer_falls_below_its_floor(model: str, policy: str) -> None:
    density, floor, ceiling = 0.001, 0.1, 0.5
    shapes = probe_worker.model_facts(task="scenes", model=model, inputs={"classes": 45}, image_size=224, weights=None)[
        "networks"
    ][""].values()
    layouts = [parse("rsdgc").layout(shape) for shape in shapes if len(shape) > 1]
    rng = torch.Generator().manual_seed(0)
    # He's scaling, on every 16th weight of the large layers: ranks and means need no more
    weights, shares = [], []
    for layout in layouts:
        step = 16 if layout.numel > 1_000_000 else 1
        weights.append(torch.randn(layout.numel // step, generator=rng) * math.sqrt(2 / layout.cols))
        shares.append(step)
    wanted = [s * e for s, e in zip(shares, POLICIES[policy]().importance(weights, layouts, density), strict=True)]
    floors = [share_of(floor * density, layout.blocks) for layout in layouts]
    most = [share_of(ceiling, layout.blocks) for layout in layouts]
    budget = sum(lay.sparse_bytes(c) for lay, c in zip(layouts, uniform_counts(layouts, density), strict=True))
    counts = share_out(layouts, wanted, budget_bytes=budget, floor_counts=floors, most_counts=most)
    for layout, count in zip(layouts, counts, strict=True):
        assert count / layout.blocks >= floor * density
        assert count / layout.blocks <= ceiling + 1 / layout.blocks
    used = sum(layout.sparse_bytes(c) for layout, c in zip(layouts, counts, strict=True))
    assert budget - 8 - 4 * max(layout.block for layout in layouts) < used <= budget
    assert len({round(count / layout.blocks, 6) for layout, count in zip(layouts, counts, strict=True)}) > 3


def test_counts_fill_the_budget_and_keep_the_floor() -> None:
    layouts = [
        tiles((64, 64), 3),
        kernel_slices((32, 16, 3, 3), 3),
        kernel_slices((8, 3, 7, 7), 3),
        tiles((10, 256), 3),
    ]
    for density in (0.01, 0.05, 0.2):
        budget = sum(lay.sparse_bytes(c) for lay, c in zip(layouts, uniform_counts(layouts, density), strict=True))
        floors = [share_of(0.1 * density, layout.blocks) for layout in layouts]
        for weights in ([1, 1, 1, 1], [1e6, 1, 0, 3], [0, 0, 0, 0]):
            found = share_out(layouts, weights, budget_bytes=budget, floor_counts=floors)
            used = sum(layout.sparse_bytes(c) for layout, c in zip(layouts, found, strict=True))
            assert 0 <= budget - used < 8 + max(4 * layout.block for layout in layouts)
            assert all(c >= f for c, f in zip(found, floors, strict=True))


def test_surplus_of_a_full_layer_is_handed_on() -> None:
    layouts = [elements((10,)), elements((1000,))]
    found = share_out(layouts, [1e9, 1.0], budget_bytes=340, floor_counts=[1, 1])
    assert found == [10, 50], "40 bytes take the small layer whole; the other 300 buy 50 elements of 6 bytes"


def test_messages_are_never_larger_than_dense_and_headers() -> None:
    layouts = [elements((10, 10)), tiles((10, 10), 3), kernel_slices((5, 5, 3, 3), 3), dense((7,))]
    for density in (0.01, 0.3, 0.5, 0.9, 1.0):
        size = message_bytes(layouts, uniform_counts(layouts, density))
        assert size <= sum(layout.dense_bytes for layout in layouts) + 2 * 16


def test_a_layer_of_small_weights_keeps_the_floor() -> None:
    compressor = RSDGC(density=0.01)
    assert share_of(compressor.floor * compressor.density, 100_000) == 100


@modest
@given(st.lists(layouts(), min_size=1, max_size=6), densities, st.data())
def test_shares_stay_within_the_budget(cuts: list[Layout], density: float, data: st.DataObject) -> None:
    budget = sum(lay.sparse_bytes(c) for lay, c in zip(cuts, uniform_counts(cuts, density), strict=True))
    weights = data.draw(st.lists(st.floats(0, 1e6), min_size=len(cuts), max_size=len(cuts)))
    found = share_out(cuts, weights, budget_bytes=budget, floor_counts=[1] * len(cuts))
    assert sum(lay.sparse_bytes(c) for lay, c in zip(cuts, found, strict=True)) <= budget
    assert all(1 <= count <= lay.blocks for count, lay in zip(found, cuts, strict=True))
    assert message_bytes(cuts, found) <= sum(lay.dense_bytes for lay in cuts) + 2 * HEADER_BYTES
