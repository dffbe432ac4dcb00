"""Rankings of layers against their formulas."""

from __future__ import annotations

import pytest
import torch

from rsbench.compressors.blocks.layout import tiles
from rsbench.compressors.density.policies import GlobalRank, MeanAbs, kth_largest_magnitude


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
