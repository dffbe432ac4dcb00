"""Compressors that keep the momentum."""

from __future__ import annotations

import pytest
import torch
from engine import Weights, gradients
from torch.nn.parallel import DistributedDataParallel

from rsbench.compressors import parse
from rsbench.errors import RsbenchError


@pytest.mark.parametrize("name", ["dgc", "rsdgc"])
def test_a_compressor_that_keeps_momentum_wants_to_be_told(name: str) -> None:
    net = Weights()
    model = DistributedDataParallel(net)
    compressor = parse(name)
    compressor.register(model)
    with pytest.raises(RsbenchError, match="param_groups"):
        model(gradients(net, torch.Generator().manual_seed(0))).backward()
