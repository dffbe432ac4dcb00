"""Scores, selection, blocks, counts and policies against plain references written from the formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from rsbench.compressors import COMPRESSORS, RSDGC, parse
from rsbench.compressors.blocks.layout import Layout, dense, elements, kernel_slices, tiles
from rsbench.compressors.blocks.tensor_ops import blocks_of
from rsbench.compressors.density.allocation import message_bytes, share_of, share_out, uniform_counts
from rsbench.compressors.density.policies import GlobalRank, MeanAbs, kth_largest_magnitude
from rsbench.compressors.selection.scores import nsi
from rsbench.compressors.selection.selectors import highest
from rsbench.errors import RsbenchError

LAYOUTS = [
    kernel_slices((4, 3, 3, 3), 3),
    kernel_slices((2, 3, 5, 5), 3),
    tiles((7, 11), 3),
    tiles((6, 9), 3),
    tiles((2, 2), 3),
    tiles((5, 4, 3), 2),
    elements((13,)),
]


def members(layout: Layout) -> list[list[int]]:
    """Flat positions of each block, by plain loops."""
    if not layout.tile:
        return [list(range(j * layout.block, (j + 1) * layout.block)) for j in range(layout.blocks)]
    p, found = layout.tile, []
    for top in range(0, layout.rows, p):
        for left in range(0, layout.cols, p):
            rows, cols = range(top, min(top + p, layout.rows)), range(left, min(left + p, layout.cols))
            found.append([r * layout.cols + c for r in rows for c in cols])
    return found


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_blocks_are_what_loops_find(layout: Layout) -> None:
    x = torch.arange(1.0, layout.numel + 1)
    blocks, groups = blocks_of(layout), members(layout)
    assert len(groups) == layout.blocks
    assert torch.allclose(blocks.sums(x), torch.tensor([x[g].sum() for g in groups]))
    assert torch.equal(blocks.sizes(x).expand(layout.blocks), torch.tensor([float(len(g)) for g in groups]))
    index = torch.tensor([layout.blocks - 1, 0] if layout.blocks > 1 else [0])
    values = blocks.gather(x, index)
    assert values.shape == (len(index), layout.block)
    for row, j in zip(values, index.tolist(), strict=True):
        assert sorted(row[row != 0].tolist()) == sorted(x[groups[j]].tolist())
    copy, target = x.clone(), torch.zeros_like(x)
    blocks.clear(index, copy)
    blocks.add(target, index, values)
    assert torch.equal(copy + target, x)
    assert torch.equal(copy == 0, target != 0)


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("stat", ["std", "var"])
@pytest.mark.parametrize("norm", ["l2", "none"])
def test_nsi_is_its_formula(layout: Layout, stat: str, norm: str) -> None:
    x = np.random.default_rng(0).normal(size=layout.numel)
    groups = members(layout)
    m = np.array([np.abs(x[g]).mean() for g in groups])
    s = np.array([x[g].std(ddof=0) if stat == "std" else x[g].var(ddof=0) for g in groups])
    if norm == "l2":
        m, s = m / (np.linalg.norm(m) + 1e-12), s / (np.linalg.norm(s) + 1e-12)
    found = nsi(0.8, stat, norm)(torch.tensor(x, dtype=torch.float32), blocks_of(layout))
    if layout.block > 1:
        assert np.allclose(found.numpy(), 0.8 * m + 0.2 * s, atol=1e-6)
    else:
        assert np.allclose(found.numpy(), 0.8 * m, atol=1e-3), "one element has no deviation, to rounding"


def test_nsi_of_zeros_is_zero() -> None:
    layout = tiles((7, 11), 3)
    assert (nsi(0.8, "std", "l2")(torch.zeros(77), blocks_of(layout)) == 0).all()


def test_highest_takes_the_lowest_numbers_of_equal_scores() -> None:
    scores = torch.tensor([1.0, 3.0, 2.0, 2.0, 2.0, 0.0])
    assert highest(scores, torch.arange(6), 3)[0].tolist() == [1, 2, 3]
    assert highest(scores, torch.arange(6), 6)[0].tolist() == [0, 1, 2, 3, 4, 5]


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


def test_the_threshold_is_the_kth_largest_magnitude() -> None:
    rng = torch.Generator().manual_seed(0)
    parameters = [torch.randn(300, 40, generator=rng), 0.01 * torch.randn(5000, generator=rng)]
    every = torch.cat([p.abs().flatten() for p in parameters]).sort(descending=True).values
    for k in (1, 17, 1000, len(every)):
        threshold = kth_largest_magnitude(parameters, k)
        assert int((every >= threshold).sum()) == pytest.approx(k, abs=2)


def test_policies_rank_layers() -> None:
    parameters = [torch.full((10, 10), 0.5), torch.full((20, 10), 0.1)]
    layouts = [tiles((10, 10), 3), tiles((20, 10), 3)]
    assert MeanAbs().importance(parameters, layouts, 0.1) == pytest.approx([50, 20])
    assert GlobalRank().importance(parameters, layouts, 0.1)[1] == 0, "all of the 30 largest are in the first layer"


def test_a_layer_of_small_weights_keeps_the_floor() -> None:
    compressor = RSDGC(density=0.01)
    assert share_of(compressor.floor * compressor.density, 100_000) == 100


@pytest.mark.parametrize("name", COMPRESSORS)
def test_text_and_options_describe_a_compressor(name: str) -> None:
    compressor = parse(name)
    assert compressor.text == name
    assert parse(compressor.text).text == name
    for option in compressor.options():
        assert option.help
        assert option.allowed
    if compressor.matchable:
        asked = parse(f"{name}:density=0.25")
        assert asked.density_given
        assert asked.text == f"{name}:density=0.25"
        assert compressor.with_density(0.25).text == asked.text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rsgdc", 'Did you mean "rsdgc"'),
        ("topk:densty=0.1", 'Did you mean "density"'),
        ("topk:density=0", "out of range"),
        ("topk:density=2", "0 < x <= 1"),
        ("topk:density=lots", "a number"),
        ("topk:density", "key=value"),
        ("topk:density=0.1,density=0.2", "twice"),
        ("rsdgc:p=2.5", "whole number"),
        ("rsdgc:policy=globalrank", 'Did you mean "global_rank"'),
        ("dgc:momentum_masking=maybe", "true or false"),
        ("none:density=0.1", "It has none"),
    ],
)
def test_bad_text_gets_one_sentence(text: str, words: str) -> None:
    with pytest.raises(RsbenchError, match=words.replace("(", r"\(")):
        parse(text)


def test_warm_up_goes_down_in_stages() -> None:
    compressor = parse("dgc:density=0.01,warmup_steps=10")
    densities = [compressor.density_at(step) for step in range(12)]
    assert densities == [0.25, 0.25, 0.0625, 0.0625, 0.015625, 0.015625, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01]


def test_total_bytes_are_the_sum_over_steps() -> None:
    shapes = {"a": (64, 32, 3, 3), "b": (64,), "c": (10, 576)}
    for text in ("topk", "dgc:warmup_steps=7", "rsdgc:update_steps=4", "none", "noop"):
        compressor = parse(text)
        total = compressor.total_payload_bytes(shapes, 13)
        assert total == sum(compressor.payload_bytes(shapes, step) for step in range(13))
    assert math.isclose(parse("fp16").payload_bytes(shapes, 0) * 2, parse("none").payload_bytes(shapes, 0))
