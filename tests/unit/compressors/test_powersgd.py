"""PowerSGD: the factors of plain NumPy; nothing is lost; exact at the gradient's rank; bytes; state."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
import torch
from engine import CAP_MB, Weights, gradients, put_to_work
from torch.nn.parallel import DistributedDataParallel

from rsbench.compressors import PowerSGD, parse
from rsbench.compressors.hooks.low_rank import orthonormal
from rsbench.errors import RsbenchError
from rsbench.links.wire import wire_bytes
from rsbench.planning import byte_matching
from rsbench.planning.probe import ModelFacts

STEPS = 6


def worked(text: str = "powersgd:rank=3", **keywords: object) -> tuple[Weights, DistributedDataParallel, PowerSGD]:
    net, model, compressor = put_to_work(text, **keywords)  # type: ignore[arg-type]
    assert isinstance(compressor, PowerSGD)
    return net, model, compressor


@pytest.mark.parametrize("rank", ["3", "3.4"])
def test_steps_are_those_of_the_algorithm(rank: str) -> None:
    """Vogels et al. 2019, algorithms 1 and 2, in float64, one rank."""
    net, model, compressor = worked(f"powersgd:rank={rank}")
    factors = {n: q.double().numpy() for n, q in compressor.state_dict()["factors"].items()}
    assert set(factors) == {"conv", "cube", "linear", "same"}, "the others have no smaller factors"
    residual = {n: 0.0 for n in factors}
    rng = torch.Generator().manual_seed(6)
    for _ in range(STEPS):
        given = gradients(net, rng)
        net.zero_grad()
        model(given).backward()
        for name, parameter in net.named_parameters():
            sent = parameter.grad.numpy()
            if name not in factors:
                assert np.array_equal(sent, given[name].numpy()), f"{name} is sent whole"
                continue
            m = given[name].double().numpy().reshape(len(sent), -1) + residual[name]
            p = np.linalg.qr(m @ factors[name])[0]
            factors[name] = m.T @ p
            residual[name] = m - p @ factors[name].T
            assert np.allclose(sent.reshape(m.shape), p @ factors[name].T, atol=1e-3)
            kept = compressor.state_dict()["memory"]["v"][name].view(m.shape).numpy()
            assert np.allclose(kept, residual[name], atol=1e-3)


@pytest.mark.parametrize("rank", [1, 4])
def test_sent_and_residual_are_what_was_accumulated(rank: int) -> None:
    net, model, compressor = worked(f"powersgd:rank={rank}")
    rng = torch.Generator().manual_seed(0)
    for _ in range(STEPS):
        given, before = gradients(net, rng), copy.deepcopy(compressor.state_dict()["memory"]["v"])
        net.zero_grad()
        model(given).backward()
        for name, v in compressor.state_dict()["memory"]["v"].items():
            total = given[name].flatten() + before[name]
            assert torch.allclose(net.get_parameter(name).grad.flatten() + v, total, atol=1e-5)
            assert v.norm() < total.norm(), "something was sent"


@pytest.mark.parametrize("matrix_rank", [0, 1, 2, 3])
def test_a_gradient_of_no_higher_rank_is_sent_exactly(matrix_rank: int) -> None:
    net, model, compressor = worked()
    rng = torch.Generator().manual_seed(1)
    left, right = torch.randn(10, matrix_rank, generator=rng), torch.randn(matrix_rank, 31, generator=rng)
    given = gradients(net, rng)
    given["linear"] = left @ right
    model(given).backward()
    assert torch.allclose(net.get_parameter("linear").grad, given["linear"], atol=1e-4)
    assert compressor.state_dict()["memory"]["v"]["linear"].abs().max() < 1e-4


def test_a_factor_that_came_to_nothing_starts_anew() -> None:
    net, model, compressor = worked()
    model({n: torch.zeros_like(p) for n, p in net.named_parameters()}).backward()
    assert not compressor.state_dict()["factors"]["linear"].any()
    for _ in range(2):
        net.zero_grad()
        model(gradients(net, torch.Generator().manual_seed(0))).backward()
    assert torch.linalg.matrix_rank(net.get_parameter("linear").grad) == 3


def test_the_basis_is_orthonormal_or_empty() -> None:
    p = torch.randn(40, 4, generator=torch.Generator().manual_seed(0))
    p[:, 2] = p[:, 1]
    assert torch.allclose(orthonormal(p).T @ orthonormal(p), torch.eye(4), atol=1e-5)
    for odd in (math.nan, math.inf, 3e38):
        basis = orthonormal(torch.full((40, 4), odd))
        assert basis.isfinite().all()


def test_large_gradients_do_not_poison_the_residual() -> None:
    net, model, compressor = worked()
    for step in range(3):
        net.zero_grad()
        given = gradients(net, torch.Generator().manual_seed(step))
        model({n: g * (1e37 if step == 0 else 1.0) for n, g in given.items()}).backward()
    assert all(v.isfinite().all() for v in compressor.state_dict()["memory"]["v"].values())


@pytest.mark.parametrize("rank", [1, 1.5, 2.6, 3, 8.7, 9])
def test_bytes_are_counted_as_planned(rank: int) -> None:
    net, model, compressor = worked(f"powersgd:rank={rank}")
    shapes = {n: tuple(p.shape) for n, p in net.named_parameters()}
    rng = torch.Generator().manual_seed(0)
    for step in range(2):
        model(gradients(net, rng)).backward()
        assert compressor.step_stats()["payload_bytes"] == compressor.payload_bytes(shapes, step, CAP_MB)
    share = compressor.step_stats()["density"]["linear"]
    assert share in [r * 41 / 310 if r * 41 < 310 else 1.0 for r in (math.floor(rank), math.ceil(rank))]


SHAPES = {"conv": (64, 32, 3, 3), "bias": (64,), "big": (512, 1024), "head": (10, 512), "stem": (16, 3, 7, 7)}


def ranks(rank: float, shapes: dict[str, tuple[int, ...]]) -> list[int]:
    compressor = PowerSGD(rank=rank)
    return compressor.ranks([compressor.layout(shape) for shape in shapes.values()])


def test_between_whole_ranks_the_largest_that_fit_get_the_higher_one() -> None:
    """n + m are 352, 1536, 522 and 163: 2573, of which rank 1.5 shares out 1286.5, and 2.7 shares out 1801.1."""
    assert ranks(1.5, SHAPES) == [2, 0, 1, 2, 2], "1536 does not fit, 522 + 352 + 163 do"
    assert ranks(2.7, SHAPES) == [2, 0, 3, 2, 3], "of the 265.1 beside 1536 only 163 fit"
    assert PowerSGD(rank=1.5).payload_bytes(SHAPES, 1) == 4 * (2 * 352 + 64 + 1536 + 2 * 522 + 2 * 163) + 8
    assert ranks(1.5, {"a": (40, 60), "b": (60, 40)}) == [2, 1], "of equals the first"


def test_a_matrix_is_not_sent_in_factors_as_large_as_itself() -> None:
    """4 x 6: factors of rank 2 have 20 numbers of 24, of rank 3 they would have 30."""
    small = {"small": (4, 6), "large": (400, 600)}
    assert [ranks(rank, small) for rank in (2, 2.9999, 3)] == [[2, 2], [2, 2], [0, 3]]
    assert ranks(2.7, {**small, "larger": (400, 900)}) == [2, 2, 3]


def test_bytes_rise_with_the_rank_in_small_steps_and_never_above_their_share() -> None:
    sent = [PowerSGD(rank=1 + number / 500).payload_bytes(SHAPES, 1) for number in range(1501)]
    assert sent == sorted(sent) and len(set(sent)) > 20
    for low in (0, 500, 1000):
        first, last = sent[low], sent[low + 500]
        assert all(bytes_ <= first + (last - first) * n / 500 for n, bytes_ in enumerate(sent[low : low + 501]))


def test_whole_ranks_are_written_as_they_were() -> None:
    assert (PowerSGD(rank=2.0).text, PowerSGD().identity) == (
        "powersgd:rank=2",
        "powersgd:rank=4,draw_seed=0,seed=0",
    )
    assert parse("powersgd:rank=1.25").text == "powersgd:rank=1.25"


def test_wire_bytes_are_those_of_two_sums_and_a_status() -> None:
    facts = ModelFacts(name="toy", networks={"": {"w": (256, 128, 3, 3), "b": (256,)}})
    found = byte_matching.estimate(PowerSGD(rank=2), facts, workers=8, steps=10, batch_size=1)
    sums = wire_bytes("all_reduce", found.total_payload_bytes - 10 * 8, 8, calls=20)
    wire = sums + wire_bytes("all_gather", 10 * 8, 8, calls=10)
    assert found.wire_ratio == pytest.approx(wire_bytes("all_reduce", 10 * facts.dense_bytes, 8, calls=10) / wire)
    assert found.total_payload_bytes == 10 * (4 * 2 * (256 + 1152) + 4 * 256 + 8)


def test_the_first_factor_is_its_own_draw() -> None:
    first, again, other = (
        worked(text)[2].state_dict()["factors"] for text in ("powersgd", "powersgd", "powersgd:draw_seed=1")
    )
    assert torch.equal(first["conv"], again["conv"])
    assert not torch.equal(first["conv"], other["conv"])
    assert not torch.equal(first["linear"], first["same"]), "tensors of equal shape differ"
    model = DistributedDataParallel(Weights())
    before = torch.get_rng_state()
    PowerSGD().register(model)
    assert torch.equal(torch.get_rng_state(), before), "the global generator is left alone"


def test_a_state_without_factors_is_refused() -> None:
    _, _, compressor = worked()
    state = compressor.state_dict()
    state["factors"].pop("same")
    with pytest.raises(RsbenchError, match="lacks the factor of tensor 'same'"):
        compressor.load_state_dict(state)


def test_what_a_resting_tensor_sent_comes_back() -> None:
    net, model, compressor = worked(find_unused_parameters=True)
    rng = torch.Generator().manual_seed(0)
    model(gradients(net, rng)).backward()
    before = compressor.state_dict()["memory"]["v"]["linear"]
    net.zero_grad()
    model({n: g for n, g in gradients(net, rng).items() if n != "linear"}).backward()
    assert net.get_parameter("linear").grad is None
    assert torch.allclose(compressor.state_dict()["memory"]["v"]["linear"], before, atol=1e-5)


def test_ranks_below_one_are_refused() -> None:
    with pytest.raises(RsbenchError, match=r"rank=0\.0 is out of range"):
        parse("powersgd:rank=0")
