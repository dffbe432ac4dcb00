"""Parts of a compressor's step, timed one by one in one process on a model's gradient shapes.

``tests/perf`` gives them to pytest-benchmark; ``rsbench bench`` times whole compressors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

import torch

from rsbench.bench.plain_hooks import MOMENTUM
from rsbench.compressors.blocks.layout import Layout, elements, kernel_slices
from rsbench.compressors.blocks.tensor_ops import blocks_of
from rsbench.compressors.density.allocation import share_of
from rsbench.compressors.kernels.dispatch import choose_bucket_kernels, choose_threshold_pass, kernels_in_use
from rsbench.compressors.memory.error_feedback import MomentumCorrection, Residual
from rsbench.compressors.message.message import Message
from rsbench.compressors.selection.scores import MAGNITUDE, Score, nsi
from rsbench.compressors.selection.selectors import SampledSelector

COPY = "copy_"
ROUNDS, WARMUP_ROUNDS = 7, 3
NSI = nsi(0.8, "std", "l2")
SCORES = {"magnitude": MAGNITUDE, "NSI": NSI}
Work = Callable[[], object]
Gradients = Sequence[torch.Tensor]


def _cut(gradients: Gradients, score: Score) -> list[Layout]:
    return [elements(g.shape) if score is MAGNITUDE else kernel_slices(g.shape, 3) for g in gradients]


def _select(gradients: Gradients, score: Score, kind: str, density: float) -> Work:
    """Accumulate, score, select and clear, tensor by tensor."""
    layouts, selector = _cut(gradients, score), SampledSelector(choose_threshold_pass(kind))
    memory = [Residual(torch.zeros(lay.numel), torch.zeros(lay.numel), MOMENTUM) for lay in layouts]

    def work() -> None:
        for number, (layout, residual, g) in enumerate(zip(layouts, memory, gradients, strict=True)):
            k = share_of(density, layout.blocks)
            index = selector.choose(str(number), residual, g.view(-1), layout, score, k)
            blocks_of(layout).clear(index, residual.v)

    return work


def _bucket(gradients: Gradients, score: Score, density: float) -> Work:
    """Do all of :func:`_select` and the message in one call, where numba works.

    Gradients are copied in first, since the call leaves zeros.
    """
    layouts, names = _cut(gradients, score), [str(i) for i in range(len(gradients))]
    memory = MomentumCorrection(dict(zip(names, gradients, strict=True)), lambda: MOMENTUM, False)
    calls = choose_bucket_kernels("compiled", memory, SampledSelector(choose_threshold_pass("compiled")), score, 1.0)
    message = Message(layouts, [share_of(density, lay.blocks) for lay in layouts], [torch.float32] * len(layouts))
    flat = torch.cat([g.view(-1) for g in gradients])
    bucket, buffer = torch.empty_like(flat), message.allocate(torch.device("cpu"))
    views = torch.split(bucket, [lay.numel for lay in layouts])
    plan = calls.plan(message, list(zip(names, views, strict=True)), bucket) if calls else None

    def work() -> None:
        bucket.copy_(flat)
        buffer.zero_()
        if calls is not None and plan is not None:
            calls.compress(plan, bucket, buffer)

    return work


def _message(gradients: Gradients, score: Score, density: float, *, read: bool) -> Work:
    """Write or read a message."""
    layouts = _cut(gradients, score)
    counts = [share_of(density, lay.blocks) for lay in layouts]
    message = Message(layouts, counts, [torch.float32] * len(layouts))
    buffer = message.allocate(torch.device("cpu"))
    chosen = [
        (torch.randn(s.layout.numel), None)
        if s.whole
        else (torch.randn(s.count, s.layout.block), torch.randperm(s.layout.blocks)[: s.count].sort().values)
        for s in message.slots
    ]

    def encode() -> None:
        for slot, (values, index) in zip(message.slots, chosen, strict=True):
            message.write(buffer, slot, values, index)
        message.seal(buffer, 0, 1)

    def decode() -> None:
        message.faults(buffer)
        for slot in message.slots:
            message.read(buffer, slot)

    encode()
    return decode if read else encode


def _copy(gradients: Gradients) -> Work:
    copies = [torch.empty_like(g) for g in gradients]
    return lambda: [b.copy_(a) for a, b in zip(gradients, copies, strict=True)]


def _accumulate(gradients: Gradients) -> Work:
    memory = [Residual(torch.zeros(g.numel()), torch.zeros(g.numel()), MOMENTUM) for g in gradients]
    return lambda: [m.accumulate(g.view(-1)) for m, g in zip(memory, gradients, strict=True)]


def _score(gradients: Gradients, score: Score) -> Work:
    pairs = [(g.view(-1), blocks_of(lay)) for g, lay in zip(gradients, _cut(gradients, score), strict=True)]
    return lambda: [score(g, blocks) for g, blocks in pairs]


def parts(gradients: Gradients, density: float) -> dict[str, Callable[[], Work]]:
    """Return what prepares each part, by name; calling what that returns does the part once for all tensors.

    Args:
        gradients: tensors with at least two dimensions.
        density: share of the elements that is sent.
    """
    prepare: dict[str, Callable[[], Work]] = {
        COPY: partial(_copy, gradients),
        "torch.topk of |g|": lambda: (
            lambda: [torch.topk(g.view(-1).abs(), share_of(density, g.numel())) for g in gradients]
        ),
        "accumulate": partial(_accumulate, gradients),
    }
    for name, score in SCORES.items():
        prepare[f"score by {name}"] = partial(_score, gradients, score)
        for kind in dict.fromkeys(("eager", kernels_in_use("auto"))):
            label = f"accumulate, score, select by {name}, {kind}"
            prepare[label] = partial(_select, gradients, score, kind, density)
        if kernels_in_use("auto") == "compiled":
            prepare[f"copy_, then all of it and the message by {name}, one call"] = partial(
                _bucket, gradients, score, density
            )
        for verb, read in (("encode", False), ("decode", True)):
            prepare[f"{verb} for {name}"] = partial(_message, gradients, score, density, read=read)
    return prepare


def random_gradients(shapes: Iterable[Sequence[int]]) -> Gradients:
    """Return gradients for those shapes that have at least two dimensions."""
    rng = torch.Generator().manual_seed(17)
    return [torch.randn(*shape, generator=rng) for shape in shapes if len(shape) > 1]
