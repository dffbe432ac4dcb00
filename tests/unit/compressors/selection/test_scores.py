"""Scores against their formulas."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from layouts import LAYOUTS, members

from rsbench.compressors.blocks.layout import Layout, tiles
from rsbench.compressors.blocks.tensor_ops import blocks_of
from rsbench.compressors.selection.scores import nsi


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
