"""Random draws: another seed draws anew, the same one draws alike, and only those that draw follow it."""

from __future__ import annotations

import pytest
import torch
from engine import Weights, gradients
from torch.nn.parallel import DistributedDataParallel

from rsbench.cell import CellSpec
from rsbench.compressors import COMPRESSORS, parse
from rsbench.errors import RsbenchError
from rsbench.train.network import CompressedNetwork

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


def test_a_cell_hands_its_seed_on_and_its_text_does_not_change() -> None:
    seeds = []
    for seed in (0, 1):
        facts = {"dataset": "x", "dataset_fingerprint": "", "model": "x", "image_size": 1, "split": "official"}
        asked = {"compressor": "randomk", "ratio": None, "lr": 0.1, "seed": seed, "workers": 1, "device": "cpu"}
        cell = CellSpec.from_dict({**facts, **asked, "epochs": 1, "batch_size": 4})
        compressor = parse("randomk")
        CompressedNetwork("", torch.nn.Linear(4, 4), compressor, cell, torch.device("cpu"), alone=True)
        assert compressor.text == "randomk"
        assert compressor.seed == cell.derived_seed
        seeds.append(compressor.seed)
    assert seeds[0] != seeds[1]
