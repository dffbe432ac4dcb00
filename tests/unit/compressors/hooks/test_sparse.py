"""Where a sum overflows, a bit flips or a schedule changes: nothing may be silent, and no rank may stand alone."""

from __future__ import annotations

import pytest
import torch
from engine import CAP_MB, MOMENTUM, gradients, put_to_work
from torch.nn.parallel import DistributedDataParallel

from rsbench.compressors import Compressor, parse


@pytest.mark.parametrize("selector", ["sampled", "exact"])
@pytest.mark.parametrize("text", ["rsdgc:score=nsi", "rsdgc:stat=var", "rsdgc:score=l2", "blocktopk:score=l2"])
def test_squares_that_overflow_stop_no_rank(text: str, selector: str) -> None:
    """1e25 is finite and its square is not: an exception here would leave the other ranks waiting."""
    net, model, compressor = put_to_work(f"{text},density=0.05,selector={selector}")
    model({n: 1e25 * torch.sign(torch.randn_like(p)) for n, p in net.named_parameters()}).backward()
    left = compressor.state_dict()["memory"]["v"]
    assert all(p.grad.isfinite().all() for p in net.parameters())
    assert all((net.get_parameter(n).grad != 0).any() and v.isfinite().all() for n, v in left.items())


@pytest.mark.parametrize("warmup", ["stages", "exponential"])
@pytest.mark.parametrize("policy", ["uniform", "global_rank"])
def test_renewals_during_the_warm_up_are_planned(policy: str, warmup: str) -> None:
    """A new density renews the counts of a dynamic policy, and their broadcast is traffic too."""
    net, model, compressor = put_to_work(f"rsdgc:density=0.05,warmup_steps=6,warmup={warmup},policy={policy}")
    shapes, rng = {n: tuple(p.shape) for n, p in net.named_parameters()}, torch.Generator().manual_seed(0)
    block = 4 * 9 + 8
    for step in range(8):
        model(gradients(net, rng)).backward()
        stats = compressor.step_stats()
        planned = compressor.payload_bytes(shapes, step, CAP_MB)
        assert planned - (block if policy != "uniform" else 0) <= stats["payload_bytes"] <= planned, f"step {step}"


@pytest.mark.parametrize("largest", [1e18, 1e19, 1e20, 1e25, 3e38])
@pytest.mark.parametrize("text", ["rsdgc", "rsdgc:neighborhood=tile", "rsdgc:alpha=0", "blocktopk:score=l2", "dgc"])
def test_statistics_that_overflow_end_no_process(text: str, largest: float) -> None:
    """Scores are inf and nan then; compiled code has no bounds checks, so this would not be an exception."""
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Conv2d(64, 64, 3), torch.nn.Flatten(), torch.nn.Linear(90, 400))
    model = DistributedDataParallel(net)
    compressor = parse(text).with_density(0.01)
    compressor.register(model)
    compressor.param_groups(net, lr=0.1, momentum=MOMENTUM)
    for share in (0.5, 0.001, 1.0):
        net.zero_grad()
        loss = torch.zeros(())
        for p in net.parameters():
            g = torch.where(torch.rand(p.shape) < share, largest * torch.randn(p.shape).clamp(-1, 1), 0.0)
            loss = loss + (p * g).sum()
        model.module.forward = lambda loss=loss: loss  # type: ignore[assignment]
        model().backward()
        assert all(p.grad is not None for p in net.parameters())
        assert compressor.step_stats()["payload_bytes"] > 0


def test_tiles_of_one_element_are_scored_by_magnitude() -> None:
    net, model, compressor = put_to_work("rsdgc:neighborhood=tile,p=1,alpha=0,density=0.1")
    rng = torch.Generator().manual_seed(1)
    given = gradients(net, rng)
    model(given).backward()
    weight = net.get_parameter("linear").grad
    sent = weight.nonzero()
    assert given["linear"][weight != 0].abs().min() >= given["linear"][weight == 0].abs().max()
    assert len(sent) == compressor.hook.counts["linear"]


def test_a_scaler_that_is_switched_off_changes_nothing() -> None:
    net, model, compressor = put_to_work("dgc:density=0.1", scaler=torch.amp.GradScaler("cpu", enabled=False))
    bad = gradients(net, torch.Generator().manual_seed(0))
    bad["linear"][0, 0] = float("inf")
    with pytest.raises(RuntimeError, match="not finite"):
        model(bad).backward()
    assert compressor.hook.kernels in ("compiled", "eager")


def memories(compressor: Compressor) -> dict[str, dict[str, torch.Tensor]]:
    return {kind: {n: t.clone() for n, t in some.items()} for kind, some in compressor.state_dict()["memory"].items()}


def test_a_step_that_the_scaler_skips_leaves_the_memory_as_it_was() -> None:
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0)
    net, model, compressor = put_to_work("dgc:density=0.1", scaler=scaler, cap_mb=25.0)
    rng = torch.Generator().manual_seed(0)
    for _ in range(2):
        net.zero_grad()
        scaler.scale(model(gradients(net, rng))).backward()
    before = memories(compressor)
    bad = gradients(net, rng)
    bad["linear"][0, 0] = float("inf")
    net.zero_grad()
    scaler.scale(model(bad)).backward()
    after = memories(compressor)
    assert all(torch.equal(before[kind][n], after[kind][n]) for kind in before for n in before[kind])


def test_what_a_resting_tensor_sent_comes_back_with_its_momentum() -> None:
    net, model, compressor = put_to_work("dgc:density=0.1", find_unused_parameters=True)
    rng = torch.Generator().manual_seed(0)
    model(gradients(net, rng)).backward()
    before = memories(compressor)
    net.zero_grad()
    used = {n: g for n, g in gradients(net, rng).items() if n != "linear"}
    model(used).backward()
    after = memories(compressor)
    assert net.get_parameter("linear").grad is None
    assert torch.equal(after["u"]["linear"], MOMENTUM * before["u"]["linear"])
    assert torch.equal(after["v"]["linear"], before["v"]["linear"] + MOMENTUM * before["u"]["linear"])
