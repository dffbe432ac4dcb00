"""QSGD and EF-signSGD: without bias, within the bound; nothing is lost; lengths; packing of bits."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
import torch
from engine import CAP_MB, Weights, gradients, put_to_work
from torch.nn.parallel import DistributedDataParallel

from rsbench.compressors import QSGD, SignSGD, parse
from rsbench.compressors.message.quantizers import ScaledSign, StochasticLevels

DRAWS = 1500
each_norm = pytest.mark.parametrize("norm", ["max", "l2"])


def code(compressor: QSGD, step: int = 1, rank: int = 0) -> StochasticLevels:
    found = compressor.make_quantizer(rank)
    found.begin("w", step)
    assert isinstance(found, StochasticLevels)
    return found


def through(levels: StochasticLevels | ScaledSign, values: torch.Tensor, size_bytes: int) -> torch.Tensor:
    message = torch.full((size_bytes,), 255, dtype=torch.uint8)
    levels.encode(values, message)
    return levels.decode(message, values.numel())


def norms(values: torch.Tensor, group: int, norm: str) -> torch.Tensor:
    """The norm of each element's group."""
    parts = values.split(group or values.numel())
    return torch.cat([(p.abs().max() if norm == "max" else p.norm()).expand(p.numel()) for p in parts])


@each_norm
@pytest.mark.parametrize("levels", [1, 2, 7, 100])
def test_qsgd_has_no_bias_and_the_variance_of_its_levels(levels: int, norm: str) -> None:
    compressor = QSGD(levels=levels, group=30, norm=norm)
    v = torch.randn(50, generator=torch.Generator().manual_seed(0))
    size = compressor.coded_bytes(50)
    every = torch.stack([through(code(compressor, step), v, size) for step in range(DRAWS)]).double()
    unit = norms(v, 30, norm) / levels
    share = (v / unit) % 1
    deviation = (share * (1 - share)).sqrt() * unit
    error = (every.mean(0) - v).abs()
    assert (error <= 5 * deviation / math.sqrt(DRAWS) + 1e-6).all(), "within five standard errors of the mean"
    often = share * (1 - share) > 0.02  # rounded the rarer way often enough to tell
    assert often.sum() > 30
    assert torch.allclose(every.std(0).float()[often], deviation[often], rtol=0.2, atol=1e-3)


@each_norm
@pytest.mark.parametrize("levels", [1, 7, 127])
@pytest.mark.parametrize(("n", "group"), [(1, 0), (1000, 0), (1000, 64), (1023, 512), (513, 512)])
def test_qsgd_rounds_to_a_neighbouring_level(n: int, group: int, levels: int, norm: str) -> None:
    compressor = QSGD(levels=levels, group=group, norm=norm)
    v = torch.randn(n, generator=torch.Generator().manual_seed(n))
    found = through(code(compressor), v, compressor.coded_bytes(n))
    unit = norms(v, group, norm) / levels
    assert ((found - v).abs() <= unit * (1 + 1e-5)).all()
    assert torch.allclose((found / unit).round(), found / unit, atol=1e-3), "a whole number of levels"
    assert (found * v >= 0).all(), "signs are kept"


@each_norm
def test_qsgd_keeps_zeros_and_largest_values(norm: str) -> None:
    compressor = QSGD(levels=1, norm=norm)
    assert not through(code(compressor), torch.zeros(100), compressor.coded_bytes(100)).any()
    for value in (3e38, 1e-30):
        v = torch.zeros(100)
        v[17] = -value
        assert torch.equal(through(code(compressor), v, compressor.coded_bytes(100)), v), "its group's norm"


@pytest.mark.parametrize("value", [math.nan, math.inf])
@each_norm
def test_qsgd_passes_on_what_is_not_finite(norm: str, value: float) -> None:
    compressor = QSGD(group=10, norm=norm)
    v = torch.ones(30)
    v[13] = value
    found = through(code(compressor), v, compressor.coded_bytes(30))
    assert not found[10:20].isfinite().any()
    assert found[:10].isfinite().all()
    assert found[20:].isfinite().all()


def test_draws_differ_by_step_rank_and_seed_and_leave_the_global_generator_alone() -> None:
    v = torch.randn(1000, generator=torch.Generator().manual_seed(0))
    before = torch.get_rng_state()
    every = [
        through(code(QSGD(draw_seed=seed), step, rank), v, QSGD().coded_bytes(1000))
        for seed, step, rank in ((0, 1, 0), (0, 1, 0), (0, 2, 0), (0, 1, 1), (1, 1, 0))
    ]
    assert torch.equal(every[0], every[1])
    assert all(not torch.equal(every[0], other) for other in every[2:])
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(("levels", "width"), [(1, 2), (2, 4), (7, 4), (8, 8), (127, 8)])
def test_codes_fill_two_four_or_eight_bits(levels: int, width: int) -> None:
    assert QSGD(levels=levels).width == width
    assert QSGD(levels=levels, group=0).coded_bytes(1001) == 4 + math.ceil(1001 * width / 8)
    assert QSGD(levels=levels, group=100).coded_bytes(1001) == 4 * 11 + math.ceil(1001 * width / 8)


def test_signs_carry_the_mean_magnitude() -> None:
    v = torch.tensor([0.5, -1.0, 0.0, 3.0, -1.5, 0.0, 0.25, -0.25, 2.5])
    right = torch.where(v >= 0, 1.0, -1.0)
    assert torch.equal(through(ScaledSign(), v, SignSGD().coded_bytes(9)), right)
    assert not through(ScaledSign(), torch.zeros(9), 6).any()
    assert torch.equal(through(ScaledSign(), torch.full((9,), -3e38), 6), torch.full((9,), -3e38))


@pytest.mark.parametrize("scale", [1.0, 1.2345])
def test_signsgd_follows_its_algorithm_and_loses_nothing(scale: float) -> None:
    """Karimireddy et al. 2019, algorithm 1, in float64, one rank."""
    net, model, compressor = put_to_work("signsgd")
    rng, residual = torch.Generator().manual_seed(3), dict.fromkeys(Weights().state_dict(), 0.0)
    for _ in range(6):
        before = copy.deepcopy(compressor.state_dict()["memory"]["v"])
        given = {n: g * scale for n, g in gradients(net, rng).items()}
        net.zero_grad()
        model(given).backward()
        after = compressor.state_dict()["memory"]["v"]
        assert set(after) == {"conv", "point", "linear", "same", "cube"}
        for name, parameter in net.named_parameters():
            sent = parameter.grad.flatten()
            if name not in after:
                assert torch.equal(sent, given[name].flatten()), f"{name} is sent whole"
                continue
            total = given[name].flatten() + before[name]
            assert torch.allclose(sent + after[name], total, rtol=0, atol=1e-6)
            p = given[name].double().numpy().ravel() + residual[name]
            right = np.abs(p).mean() * np.where(p >= 0, 1, -1)
            residual[name] = p - right
            assert np.allclose(sent.numpy(), right, atol=1e-5)


@pytest.mark.parametrize("text", ["signsgd", "qsgd", "qsgd:levels=1,group=0", "qsgd:levels=127,group=50,norm=l2"])
def test_bytes_are_counted_as_planned(text: str) -> None:
    net, model, compressor = put_to_work(text)
    shapes, rng = {n: tuple(p.shape) for n, p in net.named_parameters()}, torch.Generator().manual_seed(0)
    for step in range(2):
        model(gradients(net, rng)).backward()
        stats = compressor.step_stats()
        assert stats["payload_bytes"] == compressor.payload_bytes(shapes, step, CAP_MB)
    every = [compressor.payload_bytes(shapes, step, CAP_MB) for step in range(7)]
    assert compressor.total_payload_bytes(shapes, 7, CAP_MB) == sum(every)


def test_the_ratios_are_those_of_the_codes() -> None:
    shapes = {"w": (1024, 1024)}
    assert SignSGD().payload_bytes(shapes, 0) == 1024**2 // 8 + 4 + 16
    assert QSGD().payload_bytes(shapes, 0) == 1024**2 // 2 + 4 * 2048 + 16
    assert QSGD(levels=127, group=0).payload_bytes(shapes, 0) == 1024**2 + 4 + 16


def test_a_step_that_the_scaler_skips_leaves_the_residual_as_it_was() -> None:
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0)
    net, model, compressor = put_to_work("signsgd", scaler=scaler, cap_mb=25.0)
    rng = torch.Generator().manual_seed(0)
    for _ in range(2):
        net.zero_grad()
        scaler.scale(model(gradients(net, rng))).backward()
    before = compressor.state_dict()["memory"]["v"]
    bad = gradients(net, rng)
    bad["linear"][0, 0] = math.inf
    net.zero_grad()
    scaler.scale(model(bad)).backward()
    after = compressor.state_dict()["memory"]["v"]
    assert all(torch.equal(before[n], after[n]) for n in before)


@pytest.mark.parametrize("text", ["signsgd", "qsgd:group=0", "gcc", "gcc:exchange=all_gather", "powersgd:rank=2"])
def test_training_goes_down(text: str) -> None:
    """A least-squares problem in a matrix, to a tenth of its loss."""
    rng = torch.Generator().manual_seed(0)
    x, right = torch.randn(256, 30, generator=rng), torch.randn(30, 20, generator=rng)
    torch.manual_seed(0)
    net = torch.nn.Linear(30, 20)
    model = DistributedDataParallel(net)
    compressor = parse(text)
    compressor.register(model)
    optimizer = torch.optim.SGD(compressor.param_groups(net, lr=1.0))
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = (model(x) - x @ right).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]
