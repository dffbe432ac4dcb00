"""Parameter groups in optimizers of every family: decay and momentum are right, or refused."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from engine import Weights, gradients, put_to_work
from torch.distributed.optim import ZeroRedundancyOptimizer

from rsbench.compressors import COMPRESSORS, DGC, Compressor, TopK, parse
from rsbench.errors import RsbenchError

LR, DECAY = 0.01, 0.1
OTHERS = [
    torch.optim.Adam,
    torch.optim.AdamW,
    torch.optim.NAdam,
    torch.optim.RAdam,
    torch.optim.Adamax,
    torch.optim.Adagrad,
    torch.optim.Adadelta,
    torch.optim.RMSprop,
    torch.optim.ASGD,
    torch.optim.Adafactor,
]
KEEPING = [name for name in COMPRESSORS if parse(name).owns_momentum((9, 9))]


def decays(optimizer: torch.optim.Optimizer) -> list[float]:
    return [group["weight_decay"] for group in optimizer.param_groups]


def test_two_compressors_keep_momentum() -> None:
    assert KEEPING == ["dgc", "rsdgc"]


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("name", KEEPING)
def test_groups_made_for_sgd_are_refused_by_all_other_optimizers(name: str, kind: Callable[..., Any]) -> None:
    groups = parse(name).param_groups(Weights(), lr=LR, momentum=0.9, weight_decay=DECAY)
    with pytest.raises(
        RsbenchError, match=r"made for SGD with momentum=0\.9, and this optimizer, .* leave momentum out"
    ):
        kind(groups)


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("name", COMPRESSORS)
def test_without_momentum_every_optimizer_gets_the_decay_that_was_asked(name: str, kind: Callable[..., Any]) -> None:
    groups = parse(name).param_groups(Weights(), lr=LR, weight_decay=DECAY)
    optimizer = kind(groups)
    assert set(decays(optimizer)) == {DECAY}
    assert {group["lr"] for group in optimizer.param_groups} == {LR}


@pytest.mark.parametrize("name", ["topk", "dgc"])
def test_decay_that_was_not_given_is_the_optimizers_own(name: str) -> None:
    assert set(decays(torch.optim.AdamW(parse(name).param_groups(Weights(), lr=LR)))) == {0.01}
    given = torch.optim.AdamW(parse(name).param_groups(Weights(), lr=LR), weight_decay=DECAY)
    assert set(decays(given)) == {DECAY}


def test_sgd_gets_the_long_run_decay_however_it_is_given() -> None:
    for there, here in ({"weight_decay": DECAY}, {}), ({}, {"weight_decay": DECAY}):
        groups = DGC().param_groups(Weights(), lr=LR, momentum=0.9, **there)
        optimizer = torch.optim.SGD(groups, **here)
        assert decays(optimizer) == [pytest.approx(DECAY / (1 - 0.9)), DECAY]
        assert [group["momentum"] for group in optimizer.param_groups] == [0.0, 0.9]


def test_momentum_given_to_sgd_alone_is_refused_where_it_would_be_lost() -> None:
    with pytest.raises(RsbenchError, match=r"dgc keeps the momentum of these parameters, so .* of 0\.9 too"):
        torch.optim.SGD(DGC().param_groups(Weights(), lr=LR), lr=LR, momentum=0.9)
    optimizer = torch.optim.SGD(TopK().param_groups(Weights(), lr=LR), lr=LR, momentum=0.9, nesterov=True)
    [group] = optimizer.param_groups
    assert (group["momentum"], group["nesterov"]) == (0.9, True)


@pytest.mark.parametrize("extra", [{"nesterov": True}, {"dampening": 0.5}])
def test_options_of_momentum_that_would_do_nothing_are_refused(extra: dict[str, Any]) -> None:
    options = {"momentum": 0.9, **extra}
    with pytest.raises(RsbenchError, match="would do nothing"):
        torch.optim.SGD(DGC().param_groups(Weights(), lr=LR, momentum=0.9), lr=LR, **options)


def test_a_schedule_of_momentum_is_refused_where_the_compressor_keeps_it() -> None:
    optimizer = torch.optim.SGD(DGC().param_groups(Weights(), lr=LR, momentum=0.9))
    with pytest.raises(RsbenchError, match="cycle_momentum=False"):
        torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=LR, total_steps=10)
    torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=LR, total_steps=10, cycle_momentum=False)
    adam = torch.optim.AdamW(DGC().param_groups(Weights(), lr=LR))
    torch.optim.lr_scheduler.OneCycleLR(adam, max_lr=LR, total_steps=10)


def test_a_sharded_optimizer_is_recognised_too() -> None:
    groups = DGC().param_groups(Weights(), lr=LR, momentum=0.9, weight_decay=DECAY)
    with pytest.raises(RsbenchError, match="made for SGD"):
        ZeroRedundancyOptimizer(groups, optimizer_class=torch.optim.AdamW, lr=LR)
    groups = DGC().param_groups(Weights(), lr=LR, momentum=0.9, weight_decay=DECAY)
    sharded = ZeroRedundancyOptimizer(groups, optimizer_class=torch.optim.SGD, lr=LR)
    assert decays(sharded.optim) == [pytest.approx(1.0), DECAY]


def test_an_optimizer_with_these_groups_can_be_copied_and_saved() -> None:
    optimizer = torch.optim.SGD(DGC().param_groups(Weights(), lr=LR, momentum=0.9, weight_decay=DECAY))
    assert decays(copy.deepcopy(optimizer)) == decays(optimizer)
    fresh = torch.optim.SGD(DGC().param_groups(Weights(), lr=1.0, momentum=0.9))
    fresh.load_state_dict(optimizer.state_dict())
    assert decays(fresh) == decays(optimizer)


def test_names_beside_parameters_are_kept() -> None:
    net = Weights()
    groups = DGC().param_groups([{"params": list(net.named_parameters())}], lr=LR, momentum=0.9)
    optimizer = torch.optim.SGD(groups)
    assert optimizer.param_groups[1]["param_names"] == ["bias"]
    assert "bias" not in optimizer.param_groups[0]["param_names"]


@pytest.mark.parametrize("implementation", [{"foreach": True}, {"fused": True}, {}])
@pytest.mark.parametrize("text", ["none", "dgc:density=1,momentum_masking=false,one_d=select"])
def test_decay_of_adamw_does_what_it_says(text: str, implementation: dict[str, bool]) -> None:
    """Gradients of zero: decoupled decay alone is left, (1 - lr wd) a step."""
    net, model, _ = put_to_work("none")
    compressor: Compressor = parse(text)
    before = [p.detach().clone() for p in net.parameters()]
    optimizer = torch.optim.AdamW(compressor.param_groups(net, lr=LR, weight_decay=DECAY), **implementation)
    zeros = {n: torch.zeros_like(g) for n, g in gradients(net, torch.Generator()).items()}
    model(zeros).backward()
    optimizer.step()
    for old, new in zip(before, net.parameters(), strict=True):
        assert torch.allclose(new, old * (1 - LR * DECAY))


@pytest.mark.parametrize("name", ["topk", "none", "powersgd"])
@pytest.mark.parametrize(
    "optimizer",
    [torch.optim.Adagrad, torch.optim.Adadelta, torch.optim.ASGD, torch.optim.Rprop, torch.optim.Adafactor],
)
def test_a_momentum_that_the_optimizer_would_lose_is_refused(name: str, optimizer: Any) -> None:
    """These have no momentum, and torch takes a group's own in silence."""
    with pytest.raises(RsbenchError, match=r"made for SGD with momentum=0\.9, and this optimizer, which has"):
        optimizer(parse(name).param_groups(Weights(), lr=LR, momentum=0.9))
    assert optimizer(parse(name).param_groups(Weights(), lr=LR)).param_groups[0]["lr"] == LR


def test_an_optimizer_with_a_momentum_of_its_own_may_have_that_of_plain_groups() -> None:
    assert torch.optim.RMSprop(TopK().param_groups(Weights(), lr=LR, momentum=0.9)).param_groups[0]["momentum"] == 0.9
    with pytest.raises(RsbenchError, match="made for SGD"):
        torch.optim.RMSprop(DGC().param_groups(Weights(), lr=LR, momentum=0.9))
