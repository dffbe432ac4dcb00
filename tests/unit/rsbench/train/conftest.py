"""A run on a few pictures, on one rank."""

from __future__ import annotations

from collections.abc import Callable
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
from rsbench.train.loop import Training
from rsbench.train.saving import Order


@pytest.fixture
def make_training(alone: None, tmp_path: Path) -> Callable[..., Training]:
    """Return a maker of runs: 8 training pictures, 3 epochs of 2 steps; keywords are a cell's fields, and an order."""
    for name in ("lake", "road"):
        (tmp_path / "scenes" / name).mkdir(parents=True)
        for number in range(8):
            Image.new("RGB", (32, 32), (30 * number, 9 * number, 200 - number)).save(
                tmp_path / "scenes" / name / f"{number}.png"
            )
    prepared = datasets.get("imagefolder").prepare(tmp_path / "scenes", tmp_path, 32)

    def make(*, order: Order | None = None, **changes: Any) -> Training:
        asked = {"dataset": "imagefolder", "dataset_fingerprint": "f", "model": "smallvgg", "compressor": "none"}
        numbers = {"ratio": None, "lr": 0.01, "seed": 0, "workers": 1, "device": "cpu", "epochs": 3, "batch_size": 4}
        cell = CellSpec.from_dict({**asked, **numbers, "image_size": 32, "split": "50/25/25", **changes})
        log = RunLog(CellFolder(tmp_path).samples)
        data, cpu = prepared.folder, torch.device("cpu")
        return Training(cell, parse(cell.compressor), SceneClassification, data, cpu, log, order=order)

    return make
