"""Exchanges of a rank alone: all the same steps, damaged sums, groups that make no nodes."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from engine import gradients, put_to_work
from torch.nn.parallel import DistributedDataParallel

from rsbench.compressors import parse
from rsbench.errors import RsbenchError
from rsbench.measure import collectives

METHODS = ("topk:density=0.05", "blocktopk:density=0.1,neighborhood=tile", "dgc:density=0.1,one_d=select")
METHODS += ("rsdgc:density=0.1", "dgc:density=0.1,clip_norm=0.5,nesterov=true", "rsdgc:density=1")


def steps(text: str) -> tuple[list[torch.Tensor], dict[str, Any]]:
    """The gradients of five steps, and the memory then."""
    net, model, compressor = put_to_work(text)
    rng, found = torch.Generator().manual_seed(0), []
    for _ in range(5):
        net.zero_grad()
        model(gradients(net, rng)).backward()
        found.append(torch.cat([p.grad.flatten() for p in net.parameters()]))
    return found, compressor.state_dict()["memory"]


@pytest.mark.parametrize("exchange", ["shared", "oktopk", "hierarchical"])
@pytest.mark.parametrize("method", METHODS)
def test_exchange_of_a_rank_alone_is_an_all_gather(method: str, exchange: str) -> None:
    """There is one choice, by one rank, of one region, in one node; compiled loops may round u once (FMA)."""
    reference, kept = steps(method)
    found, memory = steps(f"{method},exchange={exchange}")
    assert all(torch.allclose(a, b, rtol=1e-6, atol=1e-6) for a, b in zip(found, reference, strict=True))
    for kind in kept:
        assert all(torch.allclose(memory[kind][n], v, rtol=1e-6, atol=1e-6) for n, v in kept[kind].items())


@pytest.mark.parametrize("collective", ["all_to_all", "all_gather"])
def test_exchange_oktopk_names_the_rank_of_a_damaged_message(monkeypatch: pytest.MonkeyPatch, collective: str) -> None:
    before = getattr(collectives, collective)

    def damage(message: torch.Tensor, *rest: Any, **more: Any) -> Any:
        message[-3] ^= 64
        return before(message, *rest, **more)

    monkeypatch.setattr(collectives, collective, damage)
    net, model, compressor = put_to_work("topk:density=0.1,exchange=oktopk", cap_mb=25.0)
    with pytest.raises(RuntimeError, match="The message of rank 0 in step 1 is damaged"):
        model(gradients(net, torch.Generator().manual_seed(0))).backward()
    assert "damaged" in str(compressor.hook.failure)


def test_exchange_hierarchical_needs_ranks_that_make_nodes() -> None:
    net = torch.nn.Linear(3, 4)
    with pytest.raises(RsbenchError, match=r"1 ranks do not make nodes of 2; give per_node= a divisor of 1\."):
        parse("topk:exchange=hierarchical,per_node=2").register(DistributedDataParallel(net))
