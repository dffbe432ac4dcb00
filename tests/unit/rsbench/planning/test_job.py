"""Cells become jobs."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import pytest

from rsbench.cell import CellSpec
from rsbench.planning import job, probe

SPEC = CellSpec(
    dataset="x", dataset_fingerprint="f", model="m", compressor="topk", ratio=20.0, match="wire", lr=0.1, seed=0,
    workers=2, device="cpu", epochs=1, batch_size=8, image_size=64, split="official",
)  # fmt: skip


def test_bytes_are_matched_for_each_world_size_and_once_for_all_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    model = probe.ModelFacts(name="m", networks={"": {"w": (200, 300)}}, activation_bytes=1000.0, flops=50.0)
    monkeypatch.setattr(probe, "model_facts", lambda *_: model)
    asked = []
    monkeypatch.setattr(job, "_match", lambda *words, real=job._match: asked.append(words) or real(*words))
    survey = SimpleNamespace(train_samples=lambda split, seed: 64, inputs={})
    found: Any = {"x": SimpleNamespace(survey=survey, dataset=SimpleNamespace(task="scenes"))}
    specs = [dataclasses.replace(SPEC, workers=w, seed=s, lr=lr) for w in (2, 4) for s in (0, 1) for lr in (0.1, 0.2)]
    solved = job.solve(specs, found)
    assert len(asked) == 2
    two, four = solved[0], solved[-1]
    assert two.compressor != four.compressor, "all-gather's wire bytes grow with the world"
    assert two.estimate.flops_per_step == 8 * 50.0
    states = two.estimate.memory_bytes_per_worker - 8 * 1000
    assert 6 * model.dense_bytes <= states < 7 * model.dense_bytes
