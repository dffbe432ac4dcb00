"""What every compressor inherits: bytes, registering, momentum's one place."""

from __future__ import annotations

import math

import pytest
import torch
from engine import Weights, gradients, put_to_work
from torch.nn.parallel import DistributedDataParallel

from rsbench.compressors import COMPRESSORS, DGC, NoCompression, TopK, parse
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


DRAWING = {"randomk": "randomk:density=0.1", "qsgd": "qsgd:levels=1", "powersgd": "powersgd:rank=1"}


def result(text: str, seed: int) -> list[torch.Tensor]:
    """The gradients after the hook, of the same gradients before it."""
    net, compressor = Weights(), parse(text)
    model = DistributedDataParallel(net)
    compressor.register(model, seed=seed)
    compressor.param_groups(net, lr=0.1, momentum=0.5)
    model(gradients(net, torch.Generator().manual_seed(3))).backward()
    return [p.grad for p in net.parameters() if p.grad is not None]


def same(a: list[torch.Tensor], b: list[torch.Tensor]) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("name", COMPRESSORS)
def test_draws_follow_the_seed_of_register(name: str) -> None:
    text = DRAWING.get(name, name)
    assert parse(name).draws_at_random == (name in DRAWING)
    assert same(result(text, 1), result(text, 1))
    assert same(result(text, 1), result(text, 2)) == (name not in DRAWING)


@pytest.mark.parametrize("text", DRAWING.values())
def test_draw_seed_tells_apart_runs_of_one_seed(text: str) -> None:
    assert not same(result(text, 1), result(f"{text},draw_seed=1", 1))


@pytest.mark.parametrize("name", DRAWING)
def test_a_state_of_another_seed_is_refused(name: str) -> None:
    saved, other = parse(name), parse(name)
    saved.register(DistributedDataParallel(Weights()), seed=1)
    other.register(DistributedDataParallel(Weights()), seed=2)
    with pytest.raises(RsbenchError, match=r"seed=1.*seed=2"):
        other.load_state_dict(saved.state_dict())
