"""The sampled selector, with both passes, against the exact one; and the passes against each other."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
import torch

from rsbench.compressors.blocks.layout import Layout, elements, kernel_slices, tiles
from rsbench.compressors.blocks.tensor_ops import blocks_of
from rsbench.compressors.kernels import dispatch as kernels_module
from rsbench.compressors.kernels.dispatch import choose_threshold_pass
from rsbench.compressors.memory.error_feedback import ErrorFeedback, Residual
from rsbench.compressors.selection.scores import L2, MAGNITUDE, MEAN, Score, nsi
from rsbench.compressors.selection.selectors import SMALL, ExactSelector, SampledSelector, highest
from rsbench.compressors.selection.threshold_pass import Candidates, Cutoff, ThresholdPass, eager_threshold_pass
from rsbench.errors import RsbenchError

NSI = nsi(0.8, "std", "l2")
CASES = [
    (elements((200, 301)), MAGNITUDE),
    (kernel_slices((80, 50, 3, 3), 3), NSI),
    (kernel_slices((50, 30, 5, 5), 3), L2),
    (tiles((121, 200), 3), NSI),
    (tiles((130, 98), 2), MEAN),
    (kernel_slices((70, 41, 3, 3), 3), nsi(0.3, "var", "none")),
]
KINDS: dict[str, Callable[[torch.Generator, int], torch.Tensor]] = {
    "normal": lambda rng, n: torch.randn(n, generator=rng),
    "heavy": lambda rng, n: torch.randn(n, generator=rng) ** 5,
    "sparse": lambda rng, n: torch.randn(n, generator=rng) * (torch.rand(n, generator=rng) < 0.001),
    "constant": lambda rng, n: torch.ones(n),
    "zero": lambda rng, n: torch.zeros(n),
    "ties": lambda rng, n: torch.randint(-3, 4, (n,), generator=rng) / 1024,
}
each_case = pytest.mark.parametrize(("layout", "score"), CASES, ids=str)


@pytest.fixture(params=["eager", "compiled"])
def threshold_pass(request: pytest.FixtureRequest) -> ThresholdPass:
    if request.param == "compiled":
        pytest.importorskip("numba")
    return choose_threshold_pass(request.param)


class Watched:
    """A pass that counts its calls and checks the cap."""

    def __init__(self, threshold_pass: ThresholdPass) -> None:
        self.threshold_pass, self.calls = threshold_pass, 0

    def __call__(self, *given: Any) -> Candidates:
        found = self.threshold_pass(*given)
        self.calls += 1
        assert found.index.numel() == min(found.reached, given[-1].capacity)
        return found


def memory(n: int, kind: str) -> Residual:
    u = None if kind == "feedback" else torch.zeros(n)
    return Residual(torch.zeros(n), u, 0.5, kind == "nesterov")


@each_case
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rule", ["feedback", "momentum", "nesterov"])
def test_the_sampled_choice_is_the_exact_one(
    layout: Layout, score: Score, kind: str, rule: str, threshold_pass: ThresholdPass
) -> None:
    assert layout.blocks > SMALL

    rng, k, blocks = torch.Generator().manual_seed(3), max(1, layout.blocks // 200), blocks_of(layout)
    watched = Watched(threshold_pass)
    sampled, exact = SampledSelector(watched), ExactSelector()
    one, two = memory(layout.numel, rule), memory(layout.numel, rule)
    for _ in range(5):
        g = KINDS[kind](rng, layout.numel)
        chosen = sampled.choose("x", one, g, layout, score, k)
        right = exact.choose("x", two, g.clone(), layout, score, k)
        assert chosen.shape == (k,)
        assert (chosen.diff() > 0).all(), "rising, each once"
        assert (one.v - two.v).abs().max() <= 2e-6 * two.v.abs().max(), "taken in once, whatever was corrected"
        scores = score(two.v, blocks)
        got, best = scores[chosen].double().square().sum(), scores[right].double().square().sum()
        assert got >= 0.9 * best
        if kind in ("normal", "heavy"):
            assert torch.equal(chosen, right)
        for residual in (one, two):
            tensors = [residual.v] if residual.u is None else [residual.v, residual.u]
            blocks.clear(right, *tensors)
    assert watched.calls <= 5 * 11


@each_case
def test_after_the_first_steps_one_pass_is_enough(layout: Layout, score: Score, threshold_pass: ThresholdPass) -> None:

    rng, k = torch.Generator().manual_seed(0), max(1, layout.blocks // 100)
    watched = Watched(threshold_pass)
    selector, residual = SampledSelector(watched), memory(layout.numel, "feedback")
    calls = []
    for _ in range(60):
        before = watched.calls
        index = selector.choose("x", residual, torch.randn(layout.numel, generator=rng), layout, score, k)
        blocks_of(layout).clear(index, residual.v)
        calls.append(watched.calls - before)
    assert sum(calls[-30:]) <= 45


@each_case
@pytest.mark.parametrize("kind", ["normal", "heavy", "ties"])
def test_both_passes_see_the_same(layout: Layout, score: Score, kind: str) -> None:
    compiled = pytest.importorskip("rsbench.compressors.kernels.tensor").compiled_threshold_pass
    rng = torch.Generator().manual_seed(1)
    v, u, g = (KINDS[kind](rng, layout.numel) for _ in range(3))
    everything = Cutoff((1.0, 1.0), -1.0, layout.blocks)
    if layout.block == 1:
        everything = dataclasses.replace(everything, threshold=0.0)
    found = []
    for threshold_pass in (eager_threshold_pass, compiled):
        residual = Residual(v.clone(), u.clone(), 0.9)
        candidates = threshold_pass(residual, g, layout, score, everything)
        assert candidates.reached == layout.blocks
        weights = score.weights(candidates.first_squares, candidates.second_squares)
        found.append((score.combine(candidates.pair, weights), residual.v, residual.u))
    scale = max(1.0, float(found[0][0].abs().max())) if score.norm == "none" else 1.0
    assert (found[0][0] - found[1][0]).abs().max() <= 1e-6 * scale
    for eager, fast in zip(found[0][1:], found[1][1:], strict=True):
        assert torch.allclose(eager, fast, rtol=1e-6, atol=1e-6 * float(v.abs().max()))


def test_without_numba_the_torch_operations_take_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels_module, "_compiled", lambda: (None, "it is not installed"))
    assert choose_threshold_pass("auto") is eager_threshold_pass
    with pytest.raises(RsbenchError, match=r"rsbench\[fast\]"):
        choose_threshold_pass("compiled")


def test_a_compiler_that_fails_is_told_and_replaced(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    compiled = pytest.importorskip("rsbench.compressors.kernels.tensor")

    def fail() -> None:
        raise RuntimeError("no such target")

    monkeypatch.setattr(compiled, "try_out", fail)
    kernels_module._compiled.cache_clear()
    try:
        assert choose_threshold_pass("auto") is eager_threshold_pass
        assert "no such target" in caplog.text
    finally:
        kernels_module._compiled.cache_clear()


def test_highest_takes_the_lowest_numbers_of_equal_scores() -> None:
    scores = torch.tensor([1.0, 3.0, 2.0, 2.0, 2.0, 0.0])
    assert highest(scores, torch.arange(6), 3)[0].tolist() == [1, 2, 3]
    assert highest(scores, torch.arange(6), 6)[0].tolist() == [0, 1, 2, 3, 4, 5]


def test_the_plain_selector_gives_k_blocks_whatever_overflows() -> None:
    layout, k = kernel_slices((128, 64, 3, 3), 3), 20
    selector, memory = SampledSelector(eager_threshold_pass), ErrorFeedback({"w": torch.zeros(layout.shape)})
    for step in range(3):
        g = torch.zeros(layout.numel)
        g[:: 9 * 250] = 5e19 if step else 0.0
        assert selector.choose("w", memory.begin("w", g), g, layout, nsi(0.8, "std", "l2"), k).numel() == k
