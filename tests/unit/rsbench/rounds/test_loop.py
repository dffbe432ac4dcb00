"""What rounds refuse, and what they leave behind."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from rsbench.compressors import parse
from rsbench.errors import NotFiniteError, RsbenchError
from rsbench.rounds import Rounds

pytestmark = pytest.mark.usefixtures("alone")


def made(sync: Any = "rounds:2", compressor: str = "none", net: nn.Module | None = None) -> tuple[Rounds, nn.Module]:
    net = net or nn.Linear(4, 3)
    return Rounds(net, torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9), parse(compressor), sync), net


@pytest.mark.parametrize(
    ("sync", "compressor", "words"),
    [
        ("steps", "none", "is no rounds"),
        ("accumulate:4", "none", "is no rounds"),
        ("rounds:2", "noop", "never agree"),
        ("rounds:2", "dgc:nesterov=true", "asks for nesterov"),
        ("rounds:2", "rsdgc:momentum_masking=false", "asks for momentum_masking"),
        ("rounds:2", "dgc:clip_norm=1", "asks for clip_norm, which limits a gradient"),
        (8, "none", "8 says no rounds"),
    ],
)
def test_what_cannot_be_rounds_is_refused(sync: str, compressor: str, words: str) -> None:
    with pytest.raises(RsbenchError, match=words):
        made(sync, compressor)


def test_a_compressor_with_its_own_momentum_is_refused() -> None:
    net, compressor = nn.Linear(4, 3), parse("dgc")
    compressor.param_groups(net, lr=0.1, momentum=0.9)
    with pytest.raises(RsbenchError, match=r"told momentum=0\.9, but in rounds the local optimizers keep"):
        Rounds(net, torch.optim.SGD(net.parameters(), lr=0.1), compressor, "rounds:2")


def test_a_wrapped_network_is_refused() -> None:
    net = DistributedDataParallel(nn.Linear(4, 3))
    with pytest.raises(RsbenchError, match="train the bare network"):
        made(net=net)


def test_steps_are_counted_and_the_rest_of_a_round_can_be_exchanged() -> None:
    rounds, net = made("rounds:3")
    ended = []
    for _ in range(7):
        net(torch.ones(1, 4)).sum().backward()
        ended.append(rounds.step())
    assert ended == [False, False, True, False, False, True, False]
    assert (rounds.done, rounds.local_steps) == (2, 1)
    assert rounds.finish()
    assert not rounds.finish()
    assert rounds.done == 3
    assert all(p.grad is None for p in net.parameters())


@pytest.mark.parametrize(("state", "left"), [("keep", 2), ("reset", 0)])
def test_local_optimizers_keep_or_lose_their_state(state: str, left: int) -> None:
    net = nn.Linear(4, 3)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    rounds = Rounds(net, optimizer, parse("none"), f"rounds:1:state={state}")
    net(torch.ones(1, 4)).sum().backward()
    optimizer.step()
    rounds.step()
    assert len(optimizer.state) == left


def test_networks_that_share_parameters_send_them_once() -> None:
    whole = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))
    networks = {"whole": whole, "part": whole[0], "other": nn.Linear(2, 2)}
    optimizers = [torch.optim.SGD(net.parameters(), lr=0.1) for net in networks.values()]
    rounds = Rounds(networks, optimizers, parse("none"), "rounds:1")
    rounds.step()
    stats = rounds.compressor.step_stats()
    assert list(stats["density"]) == [
        *("whole.0.weight", "whole.0.bias", "whole.1.weight", "whole.1.bias", "other.weight", "other.bias")
    ]
    assert stats["payload_bytes"] == 4 * (15 + 8 + 6)


def test_training_that_diverged_is_told_by_the_compressor() -> None:
    rounds, net = made("rounds:1", "topk:density=0.5")
    with torch.no_grad():
        next(net.parameters()).fill_(float("inf"))
    with pytest.raises(NotFiniteError):
        rounds.step()


def test_a_state_of_other_rounds_is_refused() -> None:
    rounds, _ = made("rounds:2")
    other, _ = made("rounds:3")
    with pytest.raises(RsbenchError, match="'rounds:2', and here it is 'rounds:3'"):
        other.load_state_dict(rounds.state_dict())


@pytest.mark.parametrize("samples", [0, -1, "many", True])
def test_samples_that_are_no_count_are_refused(samples: Any) -> None:
    net = nn.Linear(4, 3)
    with pytest.raises(RsbenchError, match="training samples"):
        Rounds(net, torch.optim.SGD(net.parameters(), lr=0.1), parse("none"), "rounds:2", samples=samples)


def test_optimizers_of_other_parameters_are_refused() -> None:
    net, head = nn.Linear(4, 3), nn.Linear(3, 2)
    both = torch.optim.SGD([*net.parameters(), *head.parameters()], lr=0.1)
    with pytest.raises(RsbenchError, match=r"parameter of shape \(2, 3\) that is in no network"):
        Rounds(net, both, parse("none"), "rounds:2")
    with pytest.raises(RsbenchError, match="No optimizer has the parameter 'bias'"):
        Rounds(net, torch.optim.SGD([net.weight], lr=0.1), parse("none"), "rounds:2")


def test_a_parameter_that_is_frozen_between_rounds_is_named_and_nothing_is_lost() -> None:
    rounds, net = made("rounds:2")
    net.bias.requires_grad_(False)
    before = net.weight.detach().clone()
    rounds.step()
    with pytest.raises(RsbenchError, match="'bias' was frozen after Rounds was made"):
        rounds.step()
    assert torch.equal(net.weight, before)
    net.bias.requires_grad_(True)
    assert rounds.step(), "the round is still there"


def test_names_and_buffers_of_the_network_itself_are_taken_as_they_are() -> None:
    net = nn.Linear(4, 3)
    net.register_buffer("seen", torch.ones(2))
    net.add_module("trained", nn.Linear(2, 2))
    rounds, _ = made("rounds:1", net=net)
    rounds.step()
    assert list(rounds.compressor.step_stats()["density"]) == ["weight", "bias", "trained.weight", "trained.bias"]
    rounds.step()
    assert (rounds.buffer_bytes, rounds.buffer_traffic.payload_bytes) == (2 * 4 * 2, 4 * 2)
    with pytest.raises(RsbenchError, match="a name has no dot"):
        Rounds({"a.b": net}, torch.optim.SGD(net.parameters(), lr=0.1), parse("none"), "rounds:2")


def test_the_pull_to_the_begin_is_scaled_as_the_gradients_are() -> None:
    ends = []
    for fused in (False, True):
        torch.manual_seed(0)
        net = nn.Linear(4, 3)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1, fused=fused)
        rounds = Rounds(net, optimizer, parse("none"), "rounds:9:prox:mu=1")
        scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
        for _ in range(4):
            optimizer.zero_grad()
            scaler.scale(net(torch.ones(2, 4)).square().sum()).backward()
            scaler.step(optimizer)
            scaler.update()
            rounds.step()
        ends.append(net.weight.detach().clone())
    assert ends[0].abs().max() < 1
    assert torch.allclose(*ends, atol=1e-5)


@pytest.mark.parametrize("key", ["begin", "now"])
def test_a_state_without_all_parameters_changes_nothing(key: str) -> None:
    rounds, _ = made("rounds:2", "topk:density=0.5")
    state = rounds.state_dict()
    del state[key]["bias"]
    other, _ = made("rounds:2", "topk:density=0.5")
    with pytest.raises(RsbenchError, match=f"the names in {key}"):
        other.load_state_dict(state | {"steps": 1})
    assert other.local_steps == 0
