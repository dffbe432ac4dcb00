"""What every compressor inherits: bytes, registering, momentum's one place."""

from __future__ import annotations

import math

import pytest
import torch
from engine import Weights, gradients, put_to_work
from torch.nn.parallel import DistributedDataParallel

from rsbench.compressors import DGC, NoCompression, TopK, parse
from rsbench.errors import RsbenchError


def test_total_bytes_are_the_sum_over_steps() -> None:
    shapes = {"a": (64, 32, 3, 3), "b": (64,), "c": (10, 576)}
    for text in ("topk", "dgc:warmup_steps=7", "rsdgc:update_steps=4", "none", "noop"):
        compressor = parse(text)
        total = compressor.total_payload_bytes(shapes, 13)
        assert total == sum(compressor.payload_bytes(shapes, step) for step in range(13))
    assert math.isclose(parse("fp16").payload_bytes(shapes, 0) * 2, parse("none").payload_bytes(shapes, 0))


def test_momentum_has_one_owner_per_tensor() -> None:
    net = Weights()
    groups = DGC().param_groups(net, lr=0.1, momentum=0.9, weight_decay=1e-4)
    assert [len(g["params"]) for g in groups] == [6, 1]
    assert [g["momentum"] for g in groups] == [0.0, 0.9]
    assert groups[0]["weight_decay"] == pytest.approx(1e-3)
    (group,) = TopK().param_groups(net, lr=0.1, momentum=0.9)
    assert group["momentum"] == 0.9
    with pytest.raises(RsbenchError, match="momentum=1"):
        DGC().param_groups(net, lr=0.1, momentum=1)


def test_a_compressor_serves_one_model() -> None:
    compressor = TopK()
    with pytest.raises(RsbenchError, match="not registered"):
        compressor.step_stats()
    compressor.register(DistributedDataParallel(Weights()))
    with pytest.raises(RsbenchError, match="registered with a model already"):
        compressor.register(DistributedDataParallel(Weights()))


def test_the_same_options_written_differently_are_the_same_configuration() -> None:
    net, model, compressor = put_to_work("topk:density=0.01")
    model(gradients(net, torch.Generator().manual_seed(0))).backward()
    other = TopK(density=0.01)
    other.register(DistributedDataParallel(Weights()))
    other.load_state_dict(compressor.state_dict())


def test_a_failed_registration_can_be_repeated() -> None:
    model = DistributedDataParallel(Weights())
    NoCompression().register(model)
    compressor = TopK()
    with pytest.raises(RsbenchError, match="has a communication hook already"):
        compressor.register(model)
    compressor.register(DistributedDataParallel(Weights()))
