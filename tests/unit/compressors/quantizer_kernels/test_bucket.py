"""The two compiled calls for quantizers, against their torch operations and under the real hook."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from engine import gradients, put_to_work

from rsbench.compressors import QSGD, SignSGD
from rsbench.compressors.hooks import whole_buckets
from rsbench.compressors.memory.error_feedback import ErrorFeedback, NoMemory
from rsbench.compressors.message.message import Message, Slot, value_dtype
from rsbench.compressors.message.quantizers import Quantizer, ScaledSign, StochasticLevels
from rsbench.compressors.quantizer_kernels import dispatch

quantized = pytest.importorskip(
    "rsbench.compressors.quantizer_kernels.bucket", reason="numba is not installed", exc_type=ImportError
)

SHAPES = {"conv": (7, 5, 3, 3), "line": (1, 4099), "wide": (41, 401), "bias": (13,), "one": (1, 17)}
STEP = 3
CPU = torch.device("cpu")


def normal(rng: torch.Generator, n: int) -> torch.Tensor:
    return torch.randn(n, generator=rng)


VALUES: dict[str, Callable[[torch.Generator, int], torch.Tensor]] = {
    "normal": normal,
    "heavy": lambda rng, n: normal(rng, n) ** 9,
    "zeros": lambda rng, n: torch.zeros(n),
    "negative zeros": lambda rng, n: torch.full((n,), -0.0),
    "sparse": lambda rng, n: normal(rng, n) * (torch.rand(n, generator=rng) < 0.01),
    "denormal": lambda rng, n: normal(rng, n) * 1e-41,
    "huge": lambda rng, n: normal(rng, n).clamp_(-1.0, 1.0) * 1e38,
    "equal": lambda rng, n: torch.full((n,), -0.3),
}


class Bucket:
    """Gradients of all shapes in one flat buffer, and a message of them."""

    def __init__(self, compressor: QSGD | SignSGD, quantizer: Quantizer) -> None:
        self.layouts = {name: compressor.layout(shape) for name, shape in SHAPES.items()}
        dtypes = [value_dtype(layout, torch.float32, torch.float32) for layout in self.layouts.values()]
        self.message = Message(
            list(self.layouts.values()), [layout.blocks for layout in self.layouts.values()], dtypes, quantizer
        )
        self.flat = torch.zeros(sum(layout.numel for layout in self.layouts.values()))
        parts = torch.split(self.flat, [layout.numel for layout in self.layouts.values()])
        self.tensors = [(n, p.view(SHAPES[n])) for n, p in zip(SHAPES, parts, strict=True)]

    def fill(self, kind: str, seed: int = 0) -> None:
        rng = torch.Generator().manual_seed(seed)
        self.flat.copy_(VALUES[kind](rng, self.flat.numel()))

    def slots(self) -> list[tuple[str, torch.Tensor, Slot]]:
        return [(n, g.reshape(-1), s) for (n, g), s in zip(self.tensors, self.message.slots, strict=True)]

    def eager(self, quantizer: Quantizer, held: dict[str, torch.Tensor] | None = None) -> torch.Tensor:
        """The message of the torch operations; what it misses stays in ``held``."""
        buffer = self.message.allocate(CPU)
        for name, gradient, slot in self.slots():
            quantizer.begin(name, STEP)
            v = held[name].add_(gradient) if held and slot.layout.compressed else gradient
            self.message.write(buffer, slot, v, None)
            if held and slot.layout.compressed:
                v.sub_(self.message.read(buffer, slot)[0])
        return buffer

    def average(self, messages: torch.Tensor) -> torch.Tensor:
        """What the hook's own loop decodes."""
        parts = []
        for *_, slot in self.slots():
            total = torch.zeros(slot.layout.numel)
            for message in messages:
                total.add_(self.message.read(message, slot)[0].mul(1.0 / len(messages)))
            parts.append(total)
        return torch.cat(parts)


def compiled(kernels: Any, bucket: Bucket) -> tuple[int, torch.Tensor]:
    """Status and message of the compiled call."""
    plan = kernels.plan(bucket.message, bucket.tensors, bucket.flat)
    assert plan.names == tuple(SHAPES)
    buffer = bucket.message.allocate(CPU)
    status, done = kernels.compress(plan, bucket.flat, buffer)
    assert all(done[i] for i in range(len(SHAPES)))
    return status, buffer


def decoded(kernels: Any, bucket: Bucket, messages: torch.Tensor) -> torch.Tensor:
    plan = kernels.plan(bucket.message, bucket.tensors, bucket.flat)
    bucket.flat.fill_(math.nan)  # what stands there plays no part
    assert kernels.decode(plan, bucket.flat, messages) == 0
    return bucket.flat.clone()


def levels_of(compressor: QSGD, rank: int = 0) -> StochasticLevels:
    quantizer = compressor.make_quantizer(rank)
    assert isinstance(quantizer, StochasticLevels)
    return quantizer


each_code = pytest.mark.parametrize(
    ("levels", "group", "norm"),
    [(7, 512, "max"), (7, 512, "l2"), (1, 0, "max"), (1, 7, "l2"), (127, 100, "l2"), (100, 5000, "max"), (3, 1, "max")],
)


@each_code
@pytest.mark.parametrize("kind", VALUES)
def test_messages_of_levels_are_those_of_the_torch_operations(kind: str, levels: int, group: int, norm: str) -> None:
    compressor = QSGD(levels=levels, group=group, norm=norm)
    quantizer = levels_of(compressor)
    bucket = Bucket(compressor, quantizer)
    bucket.fill(kind)
    status, found = compiled(quantized.LevelKernels(quantizer, lambda: STEP), bucket)
    assert status == 0
    assert torch.equal(found, bucket.eager(quantizer))


@each_code
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_averages_of_levels_are_equal_bit_for_bit(workers: int, levels: int, group: int, norm: str) -> None:
    compressor = QSGD(levels=levels, group=group, norm=norm)
    messages = []
    for rank in range(workers):
        quantizer = levels_of(compressor, rank)
        bucket = Bucket(compressor, quantizer)
        bucket.fill("heavy", rank)
        messages.append(bucket.eager(quantizer))
    every = torch.stack(messages)
    right = bucket.average(every)
    assert torch.equal(decoded(quantized.LevelKernels(quantizer, lambda: STEP), bucket, every), right)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("norm", ["max", "l2"])
def test_what_is_not_finite_passes_on_in_its_group_alone(norm: str, value: float) -> None:
    compressor = QSGD(norm=norm, group=64)
    quantizer = levels_of(compressor)
    bucket = Bucket(compressor, quantizer)
    bucket.fill("normal")
    bucket.tensors[2][1].view(-1)[70] = value
    kernels = quantized.LevelKernels(quantizer, lambda: STEP)
    status, found = compiled(kernels, bucket)
    assert status == 0, "nothing is kept that it could poison"
    assert torch.equal(found, bucket.eager(quantizer))
    average = decoded(kernels, bucket, found.view(1, -1))
    start = bucket.tensors[2][1].storage_offset()
    assert average.isfinite().logical_not().nonzero().view(-1).tolist() == list(range(start + 64, start + 128))


@pytest.mark.parametrize("kind", VALUES)
def test_signs_and_residuals_are_those_of_the_torch_operations(kind: str) -> None:
    bucket = Bucket(SignSGD(), ScaledSign())
    memories = [ErrorFeedback({n: g for n, g in bucket.tensors if g.dim() > 1}) for _ in range(2)]
    kernels = quantized.SignKernels(memories[0])
    for seed in range(3):
        bucket.fill(kind, seed)
        status, found = compiled(kernels, bucket)
        right = bucket.eager(ScaledSign(), memories[1].v)
        assert status == 0
        for name, _, slot in bucket.slots():
            code, expected = found[slot.values], right[slot.values]
            assert torch.equal(code[4:], expected[4:]), f"signs of {name}"
            assert torch.allclose(code[:4].view(torch.float32), expected[:4].view(torch.float32), rtol=1e-6, atol=0)
        for name, v in memories[0].v.items():
            assert torch.allclose(v, memories[1].v[name], rtol=1e-5, atol=1e-6 * float(bucket.flat.abs().max()))
            memories[1].v[name].copy_(v)  # scales differ in the last bit, which would decide about signs of zeros


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_averages_of_signs_are_equal_bit_for_bit(workers: int) -> None:
    bucket, messages = Bucket(SignSGD(), ScaledSign()), []
    for seed in range(workers):
        bucket.fill("heavy", seed)
        messages.append(bucket.eager(ScaledSign()))
    every = torch.stack(messages)
    right = bucket.average(every)
    kernels = quantized.SignKernels(ErrorFeedback({n: g for n, g in bucket.tensors if g.dim() > 1}))
    assert torch.equal(decoded(kernels, bucket, every), right)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("position", range(len(SHAPES)))
def test_a_gradient_that_is_not_finite_leaves_no_trace(position: int, value: float) -> None:
    bucket = Bucket(SignSGD(), ScaledSign())
    memory = ErrorFeedback({n: g for n, g in bucket.tensors if g.dim() > 1})
    bucket.fill("normal")
    bucket.tensors[position][1].view(-1)[-1] = value
    status, _ = compiled(quantized.SignKernels(memory), bucket)
    assert status == 1 + position
    name = bucket.tensors[position][0]
    assert not memory.v[name].any() if name in memory.v else all(v.isfinite().all() for v in memory.v.values())


@pytest.mark.parametrize("text", ["qsgd:levels=1,group=30", "qsgd:norm=l2", "signsgd"])
def test_the_hook_gives_the_same_with_and_without(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    found = []
    for kernels in ("compiled", "eager"):
        net, model, compressor = put_to_work(text)
        assert compressor.hook.kernels == kernels
        rng, sent = torch.Generator().manual_seed(5), []
        for _ in range(4):
            net.zero_grad()
            model(gradients(net, rng)).backward()
            sent.append(torch.cat([p.grad.flatten() for p in net.parameters() if p.grad is not None]))
        found.append(torch.stack(sent))
        monkeypatch.setattr(whole_buckets, "choose_quantized_kernels", lambda *parts: None)
    assert len(found[0].unique()) > 20
    assert torch.allclose(*found, rtol=1e-6, atol=0) if text == "signsgd" else torch.equal(*found)


def test_half_precision_and_gradients_in_other_strides_are_left_to_the_hook() -> None:
    quantizer = levels_of(QSGD())
    bucket = Bucket(QSGD(), quantizer)
    bucket.tensors[0] = "conv", bucket.tensors[0][1].contiguous(memory_format=torch.channels_last)
    bucket.tensors[1] = "line", bucket.tensors[1][1].half()
    plan = quantized.LevelKernels(quantizer, lambda: 1).plan(bucket.message, bucket.tensors, bucket.flat)
    assert plan.positions == (2, 3, 4)


def test_torch_operations_take_over_where_numba_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError("no compiler")

    choose = dispatch.choose_quantized_kernels
    assert choose(levels_of(QSGD()), NoMemory(), lambda: 1) is not None
    assert choose(None, NoMemory(), lambda: 1) is None
    assert choose(ScaledSign(), NoMemory(), lambda: 1) is None, "signs need a memory"
    monkeypatch.setattr(dispatch, "_loops", fail)
    dispatch._works.cache_clear()
    try:
        assert choose(levels_of(QSGD()), NoMemory(), lambda: 1) is None
    finally:
        dispatch._works.cache_clear()
