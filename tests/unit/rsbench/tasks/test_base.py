"""A task from outside: one file, one line in the table, its facts in the metrics, and nothing else knows of it."""

from __future__ import annotations

import dataclasses
import importlib
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from rsbench import datasets, metrics, tasks
from rsbench.cell import CellSpec
from rsbench.compressors import parse
from rsbench.errors import RsbenchError
from rsbench.measure.log import RunLog
from rsbench.planning import job, probe, probe_worker
from rsbench.reports import build_report
from rsbench.results import schema
from rsbench.results.folder import CellFolder
from rsbench.train.loop import Training

PACKAGE = {
    "__init__.py": "",
    "data.py": """
import json
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from rsbench.datasets import Dataset, Split, Survey
from rsbench.datasets.split import drawn


def labels():
    return np.arange(40) % 2


@dataclass(frozen=True, kw_only=True)
class VectorSurvey(Survey):
    contents = "40 vectors"
    inputs = {"classes": 2, "length": 64}

    def train_samples(self, split, seed):
        return len(drawn((50, 25, 25), labels(), seed).train)


@dataclass(frozen=True, kw_only=True)
class Vectors:
    folder: Path
    name: str = "random-vectors"
    title: str = "Random vectors"
    class_names: tuple[str, ...] = ("low", "high")
    fingerprint: str = "f"
    part: str | None = None
    synthetic: bool = True
    warnings: tuple[str, ...] = ()

    def split(self, split, seed):
        return drawn((50, 25, 25), labels(), seed)


class RandomVectors(Dataset):
    name, title, task = "random-vectors", "Random vectors", "vectors"
    licence = citation = layout = contents = "made up"
    model, image_size, epochs, batch_size, synthetic = "linear", 1, 2, 8, True

    def survey(self, data_root):
        return VectorSurvey(where=data_root, fingerprint="f")

    def prepare(self, data_root, cache_root, image_size, *, progress=None):
        noise = np.random.default_rng(0).normal(size=(40, 64)).astype(np.float32)
        np.save(cache_root / "vectors.npy", noise + labels()[:, None].astype(np.float32))
        return Vectors(folder=cache_root)

    def check(self, data_root, progress=None):
        return SimpleNamespace(ok=True, sentences=list)
""",
    "task.py": """
import numpy as np
import torch

from rsbench.tasks.classification import Classification

from .data import Vectors, labels


class Reader:
    def __init__(self, folder):
        self.x, self.y = torch.from_numpy(np.load(folder / "vectors.npy")), torch.from_numpy(labels())

    def read(self, positions, rng):
        return self.x[positions], self.y[positions]


class VectorClassification(Classification):
    name = "vectors"

    @classmethod
    def models(cls):
        return ["linear"]

    @classmethod
    def build(cls, model, inputs, *, image_size, weights=None):
        return {"": torch.nn.Linear(inputs["length"], inputs["classes"])}

    @classmethod
    def example(cls, inputs, *, image_size, samples):
        return torch.empty(samples, inputs["length"]), torch.zeros(samples, dtype=torch.int64)

    @property
    def inputs(self):
        return {**super().inputs, "length": 64}

    def open(self):
        return Vectors(folder=self.folder)

    def make_reader(self, train):
        return Reader(self.folder)
""",
}
FACTS = dataclasses.replace(metrics.TASKS["scenes"], title="classification of vectors", sample="vector")


@pytest.fixture
def vectors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The package of the task and its data set, in their tables but not in the metrics."""
    folder = tmp_path / "vectors_of_a_test"
    folder.mkdir()
    for name, text in PACKAGE.items():
        (folder / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    task, data = (importlib.import_module(f"vectors_of_a_test.{name}") for name in ("task", "data"))
    monkeypatch.setitem(tasks.TASKS, "vectors", task.VectorClassification)
    monkeypatch.setitem(datasets.DATASETS, "random-vectors", data.RandomVectors)
    return task


def spec(**changes: Any) -> CellSpec:
    asked = {"dataset": "random-vectors", "dataset_fingerprint": "f", "model": "linear", "compressor": "topk"}
    numbers = {"ratio": 2.0, "lr": 0.1, "seed": 0, "workers": 1, "device": "cpu", "epochs": 2, "batch_size": 8}
    return CellSpec.from_dict({**asked, **numbers, "image_size": 1, "split": "official", **changes})


def training(folder: Path) -> Training:
    dataset = datasets.get("random-vectors")
    prepared = dataset.prepare(folder, folder, 1)
    task = tasks.TASKS[dataset.task]
    log = RunLog(CellFolder(folder).samples)
    return Training(spec(), parse("topk:density=0.5"), task, prepared.folder, torch.device("cpu"), log)


@pytest.mark.usefixtures("alone", "vectors")
def test_it_trains_and_its_record_is_accepted_and_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_record: Callable[..., dict[str, Any]]
) -> None:
    monkeypatch.setitem(metrics.TASKS, "vectors", FACTS)
    sections = training(tmp_path).run(tmp_path)
    losses = [sample["loss"] for sample in map(json.loads, (tmp_path / "samples.jsonl").read_text().splitlines())
              if sample["kind"] == "step"]  # fmt: skip
    assert len(losses) == 4 and all(0 < loss < 10 for loss in losses)
    record = make_record() | {"cell": spec().to_dict()} | sections
    schema.check(record)
    assert record["dataset"]["task"] == "vectors" and record["accuracy"]["test"]["samples"] == 10
    assert metrics.score_text(record).startswith("test OA ")
    (section,) = build_report([record]).sections
    assert "Random vectors" in section.title
    del record["accuracy"]["test"]["confusion"]
    with pytest.raises(RsbenchError, match=r'"accuracy\.test\.confusion" is missing'):
        schema.check(record)


@pytest.mark.usefixtures("vectors")
def test_it_is_planned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: dict[str, Callable[..., Any]] = probe_worker._ANSWERS
    monkeypatch.setattr(probe, "_ask_cached", lambda question: answers[question.pop("ask")](**question))
    monkeypatch.setitem(metrics.TASKS, "vectors", FACTS)
    assert probe.model_names()["vectors"] == ["linear"]
    located = job.find_datasets(["random-vectors"], tmp_path, strict=False)
    (solved,) = job.solve([spec()], located)
    assert solved.task == "vectors" and solved.steps == 4
    assert solved.compressor.startswith("topk:density=0.")


@pytest.mark.usefixtures("alone", "vectors")
def test_without_facts_a_sentence_says_where_they_go(tmp_path: Path) -> None:
    with pytest.raises(RsbenchError, match=r'rsbench\.metrics\.TASKS has no facts of the task "vectors"'):
        training(tmp_path)
