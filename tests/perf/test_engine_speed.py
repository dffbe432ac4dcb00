"""Parts of the engine, timed on real models' gradient shapes, and the limits that ``rsbench bench`` is held to.

Run with ``pytest tests/perf -o addopts= --import-mode=importlib -s``; nothing else should run beside it. The limits
are ratios within one run on ResNet-18's shapes, two workers on two cores; the processor's name is printed, since they
are another thing on another one.
"""

from __future__ import annotations

from typing import Any, Final

import engine_parts
import pytest
import torch
from rich.console import Console

from rsbench.bench import command, table
from rsbench.bench.measured import Measured
from rsbench.bench.rows import ALLREDUCE_HOOK
from rsbench.planning import probe
from rsbench.reports import show

pytestmark = pytest.mark.timeout(3600)
DENSITY = 0.001
MODELS = ("resnet18", "resnet50", "vgg19")
PARTS = tuple(engine_parts.parts([], DENSITY))

EXCHANGE_LIMITS: Final[dict[tuple[str, float | None], float]] = {
    **{("topk", 0.001): 0.90, ("topk", 0.01): 1.05},
    **{("dgc", 0.001): 1.00, ("dgc", 0.01): 1.15},
    **{("rsdgc", 0.001): 1.00, ("rsdgc", 0.01): 0.90},
    **{("blocktopk", 0.001): 0.90, ("blocktopk", 0.01): 0.90},
    **{("qsgd", None): 2.0, ("signsgd", None): 1.5, ("fp16", None): 1.3, ("powersgd:rank=1", None): 1.5},
    ("gcc", None): 2.6,
}
"""Backward + exchange as multiples of plain DDP's."""
COMPRESSION_LIMITS: Final = {("topk", 0.001): 2.0, ("dgc", 0.001): 2.4, ("rsdgc", 0.001): 2.4}
"""Compress + encode in units of ``copy_`` of the same bytes."""
STEP_LIMIT: Final = 1.2
"""The exchange at density 0.01 as a multiple of that at 0.001."""


@pytest.fixture(scope="module", params=MODELS)
def gradients(request: pytest.FixtureRequest) -> list[torch.Tensor]:
    torch.set_num_threads(1)
    shapes = probe.model_facts("scenes", request.param, {"classes": 45}, 224).shapes
    return list(engine_parts.random_gradients(shapes.values()))


@pytest.mark.parametrize("part", PARTS)
def test_part(benchmark: Any, gradients: list[torch.Tensor], part: str) -> None:
    work = engine_parts.parts(gradients, DENSITY)[part]()
    benchmark.pedantic(work, rounds=engine_parts.ROUNDS, warmup_rounds=engine_parts.WARMUP_ROUNDS)


@pytest.fixture(scope="module")
def measured() -> Measured:
    """All methods once for all limits; its tables, with the processor's name, are printed."""
    taken = command.measure(command.BenchConfig(densities=(0.001, 0.01), repeats=5), Console())
    show(table.report(taken), Console(width=120))
    return taken


@pytest.mark.parametrize(("method", "density"), EXCHANGE_LIMITS)
def test_an_exchange_keeps_to_its_limit(measured: Measured, method: str, density: float | None) -> None:
    ratio = measured.of_plain_ddp(measured.find(method, density))
    assert ratio is not None
    assert ratio.median <= EXCHANGE_LIMITS[method, density], measured.machine["cpu"]


@pytest.mark.parametrize(("method", "density"), COMPRESSION_LIMITS)
def test_compression_keeps_to_its_limit(measured: Measured, method: str, density: float) -> None:
    copies = measured.find(method, density).per_copy("compress_s")
    assert copies is not None
    assert copies.median <= COMPRESSION_LIMITS[method, density], measured.machine["cpu"]


@pytest.mark.parametrize("method", ["topk", "dgc", "rsdgc", "blocktopk", "randomk"])
def test_ten_times_the_density_is_no_cliff(measured: Measured, method: str) -> None:
    thin, dense = (measured.find(method, density).exchange_s() for density in (0.001, 0.01))
    assert thin is not None and dense is not None
    assert dense.median <= STEP_LIMIT * thin.median


def test_none_is_no_dearer_than_the_hook_of_pytorch(measured: Measured) -> None:
    none, hook = measured.find("none").exchange_s(), measured.find(ALLREDUCE_HOOK).exchange_s()
    assert none is not None and hook is not None
    assert none.median <= hook.median or none.overlaps(hook)


def test_memory_stays_within_its_bound(measured: Measured) -> None:
    shares = {
        (one.row.method, one.row.density): measured.memory_share(one)
        for one in measured.rows
        if one.row.method in ("topk", "dgc", "rsdgc", "blocktopk")
    }
    assert len(shares) == 8
    assert {key: share for key, share in shares.items() if share is None or not 0 < share[0] <= share[1]} == {}
