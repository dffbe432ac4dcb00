"""Bytes of a run: counted in one go, however long it is."""

from __future__ import annotations

import pytest

from rsbench.compressors import parse
from rsbench.compressors.base.sparse import SparseCompressor

SHAPES = {"a": (40, 30), "b": (40,), "c": (8, 4, 3, 3)}


@pytest.mark.parametrize(
    "text",
    [
        "topk:density=0.1",
        "topk:density=0.01,warmup_steps=37",
        "rsdgc:density=0.01,update_steps=7",
        "rsdgc:density=0.01,update_steps=7,warmup_steps=37,warmup=exponential",
        "rsdgc:density=0.01,warmup_steps=7,update_steps=37",
        "rsdgc:density=0.01,policy=uniform,warmup_steps=5",
    ],
)
@pytest.mark.parametrize("steps", [1, 6, 7, 8, 36, 37, 38, 39, 250])
def test_a_run_is_the_sum_of_its_steps(text: str, steps: int) -> None:
    compressor = parse(text)
    by_step = sum(compressor.payload_bytes(SHAPES, step) for step in range(steps))
    assert compressor.total_payload_bytes(SHAPES, steps) == by_step


def test_a_run_of_a_million_epochs_is_counted_without_walking_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    before = SparseCompressor.density_at
    monkeypatch.setattr(SparseCompressor, "density_at", lambda self, step: asked.append(step) or before(self, step))
    total = parse("rsdgc:density=0.01,warmup_steps=5").total_payload_bytes(SHAPES, 10**9)
    assert total > 10**9 and len(asked) < 100
