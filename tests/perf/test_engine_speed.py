"""Parts of the engine, timed on ResNet-18's gradient shapes, and the floors that ``rsbench bench`` is held to.

Run with ``pytest tests/perf -o addopts= --import-mode=importlib -s``; nothing else should run beside it.

Floors, ratios of medians within one run: RS-DGC's compression at most 5 times ``copy_`` of the same bytes; backward +
exchange at most 1.0 of plain DDP for rsdgc, 1.15 for topk and dgc.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from rich.console import Console

from rsbench import bench, facts
from rsbench.compressors.blocks import blocks_of
from rsbench.compressors.counts import share_of
from rsbench.compressors.kernels import choose_sweep
from rsbench.compressors.layout import Layout, elements, kernels
from rsbench.compressors.memory import Residual
from rsbench.compressors.message import Message
from rsbench.compressors.scores import MAGNITUDE, Score, nsi
from rsbench.compressors.selection import SampledSelector

NSI = nsi(0.8, "std", "l2")
DENSITY = 0.001
MODELS = ("resnet18", "resnet50", "vgg19")


@pytest.fixture(scope="module", params=MODELS)
def shapes(request: pytest.FixtureRequest) -> list[tuple[int, ...]]:
    torch.set_num_threads(1)
    found = facts.model_facts(model=request.param, classes=45, image_size=224, weights=None)["shapes"].values()
    return [tuple(shape) for shape in found if len(shape) > 1]


def cut(shapes: list[tuple[int, ...]], score: Score) -> list[Layout]:
    return [elements(s) if score is MAGNITUDE else kernels(s, 3) for s in shapes]


def timed(benchmark: Any, work: Any) -> None:
    benchmark.pedantic(work, rounds=7, warmup_rounds=2)


def test_copy(benchmark: Any, shapes: list[tuple[int, ...]]) -> None:
    pairs = [(torch.randn(s), torch.empty(s)) for s in shapes]
    timed(benchmark, lambda: [b.copy_(a) for a, b in pairs])


def test_plain_top_k(benchmark: Any, shapes: list[tuple[int, ...]]) -> None:
    gradients = [torch.randn(s).flatten() for s in shapes]
    timed(benchmark, lambda: [torch.topk(g.abs(), share_of(DENSITY, g.numel())) for g in gradients])


def test_accumulate(benchmark: Any, shapes: list[tuple[int, ...]]) -> None:
    work = [(Residual(torch.zeros(g.numel()), torch.zeros(g.numel()), 0.9), g) for g in map(torch.randn, shapes)]
    timed(benchmark, lambda: [residual.take_in(g.flatten()) for residual, g in work])


@pytest.mark.parametrize("score", [MAGNITUDE, NSI], ids=["magnitude", "nsi"])
def test_score(benchmark: Any, shapes: list[tuple[int, ...]], score: Score) -> None:
    work = [(torch.randn(lay.numel), blocks_of(lay)) for lay in cut(shapes, score)]
    timed(benchmark, lambda: [score(v, blocks) for v, blocks in work])


@pytest.mark.parametrize("score", [MAGNITUDE, NSI], ids=["magnitude", "nsi"])
@pytest.mark.parametrize("kernels", ["eager", "compiled"])
def test_accumulate_score_and_select(benchmark: Any, shapes: list[tuple[int, ...]], score: Score, kernels: str) -> None:
    selector = SampledSelector(choose_sweep(kernels))
    work = [(lay, Residual(torch.zeros(lay.numel), torch.zeros(lay.numel), 0.9)) for lay in cut(shapes, score)]
    gradients = [torch.randn(lay.numel) for lay, _ in work]

    def step() -> None:
        for number, ((lay, residual), g) in enumerate(zip(work, gradients, strict=True)):
            k = share_of(DENSITY, lay.blocks)
            blocks_of(lay).clear(selector.choose(str(number), residual, g, lay, score, k), residual.v)

    timed(benchmark, step)


@pytest.mark.parametrize("direction", ["encode", "decode"])
def test_message(benchmark: Any, shapes: list[tuple[int, ...]], direction: str) -> None:
    layouts = cut(shapes, NSI)
    counts = [share_of(DENSITY, lay.blocks) for lay in layouts]
    message = Message(layouts, counts, [torch.float32] * len(layouts))
    buffer = message.allocate(torch.device("cpu"))
    chosen = [torch.randperm(lay.blocks)[:k].sort().values for lay, k in zip(layouts, counts, strict=True)]
    values = [torch.randn(k, lay.block) for lay, k in zip(layouts, counts, strict=True)]

    def encode() -> None:
        for slot, v, index in zip(message.slots, values, chosen, strict=True):
            message.write(buffer, slot, v, None if slot.whole else index)
        message.seal(buffer, 0, 1)

    encode()
    timed(benchmark, encode if direction == "encode" else lambda: [message.read(buffer, s) for s in message.slots])


def test_the_floors_hold() -> None:
    order = bench.Order(
        model="resnet18",
        density=DENSITY,
        workers=2,
        compressors=("noop", "topk", "dgc", "rsdgc"),
        repeats=5,
        rivals=False,
    )
    rows = {row.name: row for row in bench.rows(bench.measure(order, Console()))}
    dense = rows[bench.REFERENCE].exchange_s
    ratios = {name: rows[name].exchange_s / dense for name in ("topk", "dgc", "rsdgc")}
    compress = (rows["rsdgc"].compress_s or 0.0) / rows["rsdgc"].copy_s
    print(f"exchange / plain DDP: {ratios}; compress / copy_: {compress:.2f}")
    assert compress <= 5
    assert ratios["rsdgc"] <= 1.0
    assert ratios["topk"] <= 1.15
    assert ratios["dgc"] <= 1.15
