"""What planning knows of a step before it runs, and that it is asked again when it could have changed."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rsbench.cell import CellSpec
from rsbench.planning import job, probe, probe_worker

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


def test_what_forward_keeps_for_backward_grows_with_the_picture_and_leaves_weights_out() -> None:
    def kept(side: int) -> float:
        ask: dict[str, Any] = {"task": "scenes", "model": "smallvgg", "inputs": {"classes": 5}, "weights": None}
        return float(probe_worker.model_facts(**ask, image_size=side)["activation_bytes"])

    assert 4 * 3 * 64 * 64 < kept(64) < 4_000_000, "the picture at least; the weights alone are 4.5 MB"
    assert 3.5 < kept(128) / kept(64) < 4.5


def test_an_answer_about_models_is_not_kept_when_the_package_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("probe.py", "other.py"):
        (tmp_path / name).write_text("")
    monkeypatch.setattr(probe.rsbench, "__file__", str(tmp_path / "probe.py"))
    before = probe._source_stamp()
    assert probe._source_stamp() == before
    (tmp_path / "added.py").write_text("x = 1")
    assert probe._source_stamp() != before
