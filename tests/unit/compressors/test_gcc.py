"""GCC: what is kept is what plain NumPy keeps; zeros elsewhere; bytes; residual; masks in the state."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from engine import CAP_MB, Weights, gradients, put_to_work
from reference import least_replaceable
from torch.nn.parallel import DistributedDataParallel

from rsbench.compressors import GCC, parse
from rsbench.compressors.blocks.layout import elements, filters
from rsbench.compressors.selection.centroid import distances
from rsbench.compressors.selection.selectors import highest_of_all
from rsbench.errors import RsbenchError
from rsbench.links.wire import wire_bytes
from rsbench.planning import byte_matching
from rsbench.planning.probe import ModelFacts

EXCHANGES = ("all_reduce", "all_gather")
each_exchange = pytest.mark.parametrize("exchange", EXCHANGES)


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("shape", [(64, 33), (7, 501), (40, 6, 3, 3), (12, 30, 1, 1), (9, 4, 5), (16, 1, 1, 1)])
@pytest.mark.parametrize("scale", [1e-25, 1.0, 1e25])
def test_what_is_kept_is_what_plain_numpy_keeps(shape: tuple[int, ...], rho: float, scale: float) -> None:
    g = torch.randn(shape, generator=torch.Generator().manual_seed(3)) * scale
    layout = GCC(rho=rho).layout(shape)
    assert layout == (elements(shape) if len(shape) == 2 else filters(shape))
    k = GCC(rho=rho).kept(layout)
    assert k == max(1, layout.blocks - math.floor(rho * layout.blocks))
    index = highest_of_all(distances(g.reshape(-1), layout), k)
    mask = torch.zeros(layout.blocks, layout.block, dtype=torch.bool)
    mask[index] = True
    if rho < 1:
        assert np.array_equal(mask.view(shape).numpy(), least_replaceable(g.numpy(), rho))
    else:
        assert len(index) == 1


def test_filters_that_hardly_differ_are_told_apart() -> None:
    """Beside a common part 1,000 times as long, whose square alone float32 cannot hold to this precision."""
    rng = torch.Generator().manual_seed(0)
    own = torch.randn(32, 90, generator=rng) * torch.linspace(0.5, 2.0, 32)[:, None]
    common = 1000 * torch.randn(90, generator=rng)
    kept = highest_of_all(distances((own + common).view(-1), filters((32, 10, 3, 3))), 16)
    right = least_replaceable((own.double() + common).view(32, 10, 3, 3).numpy(), 0.5)[:, 0, 0, 0]
    assert np.array_equal(kept.numpy(), np.flatnonzero(right))


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_values_that_are_not_finite_still_keep_exactly_k(value: float) -> None:
    for layout in (elements((10, 20)), filters((10, 4, 5))):
        v = torch.randn(200, generator=torch.Generator().manual_seed(0))
        v[13] = value
        assert len(set(highest_of_all(distances(v, layout), 7).tolist())) == 7
    assert highest_of_all(distances(torch.zeros(200), elements((10, 20))), 3).tolist() == [0, 1, 2], "ties: the first"


@each_exchange
@pytest.mark.parametrize("residual", [False, True])
def test_steps_are_those_of_the_formulas(exchange: str, residual: bool) -> None:
    net, model, compressor = put_to_work(f"gcc:exchange={exchange},residual={str(residual).lower()}")
    rng, before = torch.Generator().manual_seed(4), {}
    waiting = {n: np.zeros(p.shape, np.float32) for n, p in net.named_parameters()}
    for step in range(5):
        net.zero_grad()
        given = gradients(net, rng)
        model(given).backward()
        for name, parameter in net.named_parameters():
            v = waiting[name] + given[name].numpy()
            layout = compressor.layout(parameter.shape)
            chosen_from = v if exchange == "all_gather" else before.get(name)
            if layout.whole(GCC().kept(layout)) or chosen_from is None:
                kept = np.ones(v.shape, bool)
            else:
                kept = least_replaceable(chosen_from, 0.5)
            assert np.array_equal(parameter.grad.numpy(), np.where(kept, v, 0)), f"{name}, step {step}"
            before[name] = v
            waiting[name] = np.where(kept, 0, v) if residual else np.zeros_like(v)
            if residual and layout.compressed:
                v_kept = compressor.state_dict()["memory"]["v"][name]
                assert np.array_equal(v_kept.numpy(), waiting[name].ravel()), "what is not sent waits"


@pytest.mark.parametrize("rho", [0.2, 0.5, 0.97])
@pytest.mark.parametrize("residual", [False, True])
@each_exchange
def test_bytes_are_counted_as_planned(exchange: str, residual: bool, rho: float) -> None:
    net, model, compressor = put_to_work(f"gcc:rho={rho},exchange={exchange},residual={str(residual).lower()}")
    shapes, rng = {n: tuple(p.shape) for n, p in net.named_parameters()}, torch.Generator().manual_seed(0)
    total = 0
    for step in range(4):
        model(gradients(net, rng)).backward()
        planned = compressor.payload_bytes(shapes, step, CAP_MB)
        assert compressor.step_stats()["payload_bytes"] == planned
        total += planned
    assert compressor.total_payload_bytes(shapes, 4, CAP_MB) == total


def test_a_linear_layer_costs_half_and_a_thirtysecond() -> None:
    shapes = {"w": (1024, 1024)}
    assert GCC().payload_bytes(shapes, 1) == (0.5 + 1 / 32) * 4 * 1024**2
    assert GCC().payload_bytes(shapes, 0) == (1 + 1 / 32) * 4 * 1024**2


def test_wire_bytes_tell_broadcast_and_sum_apart() -> None:
    facts = ModelFacts(name="toy", networks={"": {"w": (64, 64), "b": (64,)}})
    for workers in (1, 2, 8):
        found = byte_matching.estimate(parse("gcc"), facts, workers=workers, steps=10, batch_size=1)
        values = 4 * (64 * 64 + 64) + 9 * 4 * (64 * 32 + 64)
        masks = wire_bytes("broadcast", 10 * 64 * 64 // 8, workers, calls=10)
        wire = wire_bytes("all_reduce", values, workers, calls=10) + masks
        dense = wire_bytes("all_reduce", 10 * facts.dense_bytes, workers, calls=10)
        assert found.wire_ratio == pytest.approx(dense / wire if wire else 1.0)
        gathered = byte_matching.estimate(
            parse("gcc:exchange=all_gather"), facts, workers=workers, steps=10, batch_size=1
        )
        one_message = wire_bytes("all_gather", gathered.total_payload_bytes, workers, calls=10)
        assert gathered.wire_ratio == pytest.approx(dense / one_message if workers > 1 else 1.0)


def test_an_object_says_what_holds_for_its_options() -> None:
    assert (GCC.keeps_residual, GCC().keeps_residual, GCC(residual=True).keeps_residual) == (False, False, True)
    assert GCC(residual=True).replace(rho=0.1).keeps_residual
    assert (GCC.collective, GCC().collective, GCC(exchange="all_gather").collective) == (
        "all_reduce", "all_reduce", "all_gather",
    )  # fmt: skip


def test_a_state_without_masks_is_refused() -> None:
    net, model, compressor = put_to_work("gcc")
    model(gradients(net, torch.Generator().manual_seed(0))).backward()
    state = compressor.state_dict()
    state["masks"].pop("linear")
    with pytest.raises(RsbenchError, match="lacks the mask of tensor 'linear'"):
        compressor.load_state_dict(state)
    fresh = parse("gcc")
    fresh.register(DistributedDataParallel(Weights()))
    compressor.load_state_dict(fresh.state_dict())
    model(gradients(net, torch.Generator().manual_seed(0))).backward()
    assert compressor.step_stats()["mean_density"] == 1.0, "the first step is dense"


@each_exchange
def test_what_is_kept_of_a_poisoned_gradient_passes_on(exchange: str) -> None:
    net, model, compressor = put_to_work(f"gcc:exchange={exchange}", scaler=torch.amp.GradScaler("cpu"))
    rng = torch.Generator().manual_seed(0)
    for value in (1.0, math.nan):
        net.zero_grad()
        model({n: g * value for n, g in gradients(net, rng).items()}).backward()
    assert compressor.hook.scaler is None, "nothing to poison: the scaler sees inf and nan in the gradients"
    assert all(p.grad.isnan().any() for p in net.parameters())


@each_exchange
def test_the_steady_state_begins_where_every_step_costs_alike(exchange: str) -> None:
    """However short a run is, its dense first step does not enter the steady ratio."""
    gcc, shapes = parse(f"gcc:exchange={exchange}"), {"w": (64, 64)}
    costs = [gcc.payload_bytes(shapes, step) for step in range(4)]
    assert len(set(costs[gcc.steady_from_step :])) == 1 and costs.index(costs[-1]) == gcc.steady_from_step
