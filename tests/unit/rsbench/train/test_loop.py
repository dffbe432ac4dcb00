"""What the loop remembers of a run."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from rsbench import datasets
from rsbench.cell import CellSpec
from rsbench.compressors import parse
from rsbench.measure.log import RunLog
from rsbench.results.folder import CellFolder
from rsbench.tasks.scenes import SceneClassification
from rsbench.train import loop

HOUR_S = 3600.0


@pytest.mark.usefixtures("alone")
def test_elapsed_time_is_that_of_training_steps_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each validation and each line of samples takes an hour of a made clock."""
    asked = {"dataset": "imagefolder", "dataset_fingerprint": "f", "model": "smallvgg", "compressor": "none"}
    numbers = {"ratio": None, "lr": 0.01, "seed": 0, "workers": 1, "device": "cpu", "epochs": 3, "batch_size": 4}
    numbers |= {"max_steps": 3, "image_size": 32, "split": "34/33/33"}
    cell = CellSpec.from_dict({**asked, **numbers})
    for name in ("lake", "road"):
        (tmp_path / "scenes" / name).mkdir(parents=True)
        for number in range(6):
            Image.new("RGB", (32, 32), (40 * number, 9 * number, 200 - number)).save(
                tmp_path / "scenes" / name / f"{number}.png"
            )
    prepared = datasets.get("imagefolder").prepare(tmp_path / "scenes", tmp_path, 32)
    log, passed = RunLog(CellFolder(tmp_path).samples), [0.0]
    training = loop.Training(cell, parse("none"), SceneClassification, prepared.folder, torch.device("cpu"), log)
    real_clock, real_write, real_validate = time.perf_counter, log.write, training.task.validate
    training.per_epoch = 1
    monkeypatch.setattr(training, "_accuracy", lambda _: None)

    def write(kind: str, values: dict[str, Any]) -> None:
        passed[0] += HOUR_S
        real_write(kind, values)

    def validate(networks: Any) -> Any:
        passed[0] += HOUR_S
        return real_validate(networks)

    monkeypatch.setattr("rsbench.train.loop.time.perf_counter", lambda: real_clock() + passed[0])
    monkeypatch.setattr(log, "write", write)
    monkeypatch.setattr(training.task, "validate", validate)
    sections = training.run(tmp_path)
    elapsed_s = [entry["elapsed_s"] for entry in sections["history"]]
    assert len(elapsed_s) == 3 and passed[0] > 6 * HOUR_S
    assert 0 < elapsed_s[0] < elapsed_s[1] < elapsed_s[2] == sections["time"]["train_s"] < HOUR_S
