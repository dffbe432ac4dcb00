"""Data sets found before planning, incomplete ones refused where that was asked for, and cells that become jobs."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mat_scenes
import pytest

from rsbench.cell import CellSpec
from rsbench.datasets import DATASETS, PixelDataset, get
from rsbench.datasets.scenes.class_folders import ClassFolderDataset
from rsbench.errors import RsbenchError
from rsbench.planning import job, probe
from rsbench.planning.job import find_datasets

RELEASES = [name for name in DATASETS if issubclass(DATASETS[name], ClassFolderDataset)]


@pytest.mark.parametrize("name", RELEASES)
def test_part_of_a_release_is_refused_only_where_that_was_asked_for(name: str, tmp_path: Path) -> None:
    dataset = get(name)
    assert isinstance(dataset, ClassFolderDataset)
    folder = tmp_path / dataset.folders[0] / dataset.class_names[-1]
    folder.mkdir(parents=True)
    (folder / "a.jpg").write_bytes(b"surveys read no picture")
    part = f"part: 1 of {len(dataset.class_names)} classes, 1 of {dataset.images:,} images"
    assert find_datasets([name], tmp_path, strict=False)[name].survey.part == part
    with pytest.raises(RsbenchError, match=re.escape(part) + r".*--strict-data was asked for.*data fetch"):
        find_datasets([name], tmp_path, strict=True)


@pytest.mark.parametrize("layout", mat_scenes.LAYOUTS)
def test_a_scene_of_another_size_is_refused_only_where_that_was_asked_for(layout: str, tmp_path: Path) -> None:
    name, write = mat_scenes.LAYOUTS[layout]
    write(tmp_path, mat_scenes.made(channels=2), mat_scenes.save5)
    dataset = get(name)
    assert isinstance(dataset, PixelDataset)
    survey = find_datasets([name], tmp_path, strict=False)[name].survey
    if dataset.shape is None:
        assert survey.part is None and find_datasets([name], tmp_path, strict=True)
        return
    with pytest.raises(RsbenchError, match=r"24 x 40 x 6.*--strict-data was asked for"):
        find_datasets([name], tmp_path, strict=True)


def test_complete_data_pass_a_strict_check(tmp_path: Path) -> None:
    located = find_datasets(["synthetic", "synthetic-htd"], tmp_path, strict=True)
    assert [data.survey.part for data in located.values()] == [None, None]


def test_what_is_missing_is_named_with_what_could_be_run(tmp_path: Path) -> None:
    with pytest.raises(RsbenchError, match=r"\"ucm21\".*Also not found: trento\. .*--dataset synthetic\."):
        find_datasets(["synthetic", "ucm21", "trento"], tmp_path, strict=False)


SPEC = CellSpec(
    dataset="x", dataset_fingerprint="f", model="m", compressor="topk", ratio=20.0, match="wire", lr=0.1, seed=0,
    workers=2, device="cpu", epochs=1, batch_size=8, image_size=64, split="official",
)  # fmt: skip


def test_bytes_are_matched_for_each_world_size_and_once_for_all_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    model = probe.ModelFacts(name="m", networks={"": {"w": (200, 300)}}, activation_bytes=1000.0, flops=50.0)
    monkeypatch.setattr(probe, "model_facts", lambda *_: model)
    asked = []
    monkeypatch.setattr(job, "match", lambda *words, real=job.match: asked.append(words) or real(*words))
    sides: list[int] = []
    survey: Any = SimpleNamespace(
        train_samples=lambda split, seed: 64, inputs={}, sized=lambda side: sides.append(side) or survey
    )
    found: Any = {"x": SimpleNamespace(survey=survey, dataset=SimpleNamespace(task="scenes"))}
    specs = [dataclasses.replace(SPEC, workers=w, seed=s, lr=lr) for w in (2, 4) for s in (0, 1) for lr in (0.1, 0.2)]
    solved = job.solve(specs, found)
    assert set(sides) == {SPEC.image_size}, "tiles are counted at the size that is asked for"
    assert len(asked) == 2
    two, four = solved[0], solved[-1]
    assert two.compressor != four.compressor, "all-gather's wire bytes grow with the world"
    assert two.estimate.flops_per_step == 8 * 50.0
    states = two.estimate.memory_bytes_per_worker - 8 * 1000
    assert 6 * model.dense_bytes <= states < 7 * model.dense_bytes


@pytest.mark.parametrize(
    ("sync", "renewed_after"), [(None, 16), ("accumulate:4", 4), ("rounds:3", 5), ("rounds:40", 1)]
)
def test_densities_are_renewed_about_once_an_epoch_however_often_workers_exchange(
    sync: str | None, renewed_after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = probe.ModelFacts(name="m", networks={"": {"w": (200, 300)}}, activation_bytes=1000.0, flops=50.0)
    monkeypatch.setattr(probe, "model_facts", lambda *_: model)
    survey: Any = SimpleNamespace(train_samples=lambda split, seed: 256, inputs={}, sized=lambda _: survey)
    found: Any = {"x": SimpleNamespace(survey=survey, dataset=SimpleNamespace(task="scenes"))}
    spec = dataclasses.replace(SPEC, compressor="rsdgc", ratio=50.0, match="payload", epochs=5, sync=sync)
    solved = job.solve([spec], found)[0]
    assert (solved.steps_per_epoch, solved.steps) == (16, 80)
    assert f"update_steps={renewed_after}" in solved.compressor
    copies = 8 if spec.synchronization.in_rounds else 6
    states = solved.estimate.memory_bytes_per_worker - 8 * 1000
    assert copies * model.dense_bytes <= states < (copies + 2.5) * model.dense_bytes


def test_a_cell_is_told_the_length_of_its_rounds_and_keeps_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    model = probe.ModelFacts(name="m", networks={"": {"w": (200, 300)}}, activation_bytes=1000.0, flops=50.0)
    monkeypatch.setattr(probe, "model_facts", lambda *_: model)
    survey: Any = SimpleNamespace(train_samples=lambda split, seed: 256, inputs={}, sized=lambda _: survey)
    found: Any = {"x": SimpleNamespace(survey=survey, dataset=SimpleNamespace(task="scenes"))}
    spec = dataclasses.replace(SPEC, compressor="none", ratio=9.5, match="payload", epochs=5, sync="rounds")
    solved = job.solve([spec], found)[0]
    assert (solved.steps, solved.spec.sync, solved.spec.key) == (80, "rounds=10", spec.key)
    assert solved.estimate.compression_ratio == 10.0
    assert job.Job.from_dict(solved.to_dict()).spec == solved.spec


def test_a_model_of_another_task_is_told_by_its_task_with_a_data_set(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {"scenes": ["resnet18"], "targets": ["aae"], "anomalies": ["bsdm", "aae"], "pixels": ["sst"]}
    monkeypatch.setattr(probe, "model_names", lambda: names)

    def told(model: str, task: str) -> str:
        return str(job._of_another_task(model, task))

    assert told("bsdm:k=5", "scenes") == (
        "bsdm:k=5 is a model of hyperspectral anomaly detection: add --dataset, such as synthetic-had."
    )
    assert told("resnet18", "anomalies").endswith("scene classification: add --dataset, such as synthetic.")
    assert told("sst", "scenes").endswith("add --dataset, such as houston2013."), "none is generated"
    assert told("aae", "anomalies") == told("nets:make", "scenes") == told("bdsm", "scenes") == "None"
