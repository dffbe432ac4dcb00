"""Parts of the engine, timed on real models' gradient shapes, and the floors that ``rsbench bench`` is held to.

Run with ``pytest tests/perf -o addopts= --import-mode=importlib -s``; nothing else should run beside it.

Floors, ratios of medians within one run on ResNet-18's shapes: RS-DGC's compression at most 5 times ``copy_`` of the
same bytes; backward + exchange at most 1.0 of plain DDP for rsdgc, 1.15 for topk and dgc; memory within the bound.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from rich.console import Console

from rsbench.bench import command, parts, table
from rsbench.planning import probe

DENSITY = 0.001
MODELS = ("resnet18", "resnet50", "vgg19")
PARTS = tuple(parts.parts([], DENSITY))


@pytest.fixture(scope="module", params=MODELS)
def gradients(request: pytest.FixtureRequest) -> list[torch.Tensor]:
    torch.set_num_threads(1)
    return list(
        parts.random_gradients(probe.model_facts("scenes", request.param, {"classes": 45}, 224).shapes.values())
    )


@pytest.mark.parametrize("part", PARTS)
def test_part(benchmark: Any, gradients: list[torch.Tensor], part: str) -> None:
    work = parts.parts(gradients, DENSITY)[part]()
    benchmark.pedantic(work, rounds=parts.ROUNDS, warmup_rounds=parts.WARMUP_ROUNDS)


def test_the_floors_hold() -> None:
    config = command.BenchConfig(
        model="resnet18",
        density=DENSITY,
        workers=2,
        compressors=("noop", "topk", "dgc", "rsdgc"),
        repeats=5,
        plain_hooks=False,
    )
    measured = command.measure(config, Console())
    rows = {row.name: row for row in table.rows(measured)}
    dense = rows[table.REFERENCE].exchange_s
    ratios = {name: rows[name].exchange_s / dense for name in ("topk", "dgc", "rsdgc")}
    compress = (rows["rsdgc"].compress_s or 0.0) / rows["rsdgc"].copy_s
    print(f"exchange / plain DDP: {ratios}; compress / copy_: {compress:.2f}")
    assert compress <= 5
    assert ratios["rsdgc"] <= 1.0
    assert ratios["topk"] <= 1.15
    assert ratios["dgc"] <= 1.15
    for name in ratios:
        used, bound = table.memory_share(measured, rows[name]) or (0.0, 0.0)
        assert 0 < used <= bound
