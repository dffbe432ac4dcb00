"""Operations on blocks against plain loops."""

from __future__ import annotations

import pytest
import torch
from layouts import LAYOUTS, members

from rsbench.compressors.blocks.layout import Layout
from rsbench.compressors.blocks.tensor_ops import blocks_of


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
