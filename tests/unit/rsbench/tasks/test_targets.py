"""Target detection without processes: what it refuses and validates."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from rsbench.cell import CellSpec
from rsbench.datasets import get
from rsbench.datasets.targets.synthetic_htd import SyntheticHTD
from rsbench.errors import RsbenchError
from rsbench.tasks.targets import TargetDetection

CPU = torch.device("cpu")


def test_other_models_and_weights_are_refused() -> None:
    with pytest.raises(RsbenchError, match=r"no model 'aea' for target detection.*aae"):
        TargetDetection.build("aea", {"bands": 4}, image_size=1)
    with pytest.raises(RsbenchError, match="leave them out"):
        TargetDetection.build("aae", {"bands": 4}, image_size=1, weights="DEFAULT")


def cell(**changes: object) -> CellSpec:
    """A cell of target detection."""
    asked = {"compressor": "none", "ratio": None, "lr": 0.01, "seed": 0, "workers": 1, "device": "cpu", "epochs": 1}
    data = {"dataset": "x", "dataset_fingerprint": "", "model": "aae", "image_size": 1, "split": "official"}
    return CellSpec.from_dict({**asked, **data, "batch_size": 4, "optimizer": "adam", **changes})


@pytest.mark.usefixtures("alone")
def test_diverged_weights_give_a_loss_that_says_so(tmp_path: Path) -> None:
    scene = get("synthetic-htd").prepare(tmp_path, tmp_path, 1)
    task = TargetDetection(cell(), scene.folder, CPU)
    networks = task.build("aae", task.inputs, image_size=1)
    for parameter in networks["encoder"].parameters():
        parameter.detach().fill_(float("nan"))
    for scores in (task.validate(networks), task.test(networks)):
        assert scores is not None and np.isnan(scores["loss"])


@pytest.mark.usefixtures("alone")
def test_too_few_pixels_to_rank_do_not_validate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = dataclasses.replace(SyntheticHTD.recipe, height=5, width=6, targets=4)
    monkeypatch.setattr(SyntheticHTD, "recipe", recipe)
    scene = SyntheticHTD().prepare(tmp_path, tmp_path, 1)
    validated = []
    for seed in range(12):
        task = TargetDetection(cell(seed=seed), scene.folder, CPU)
        assert len(task.val) == 2
        validated.append(task.validate(task.build("aae", task.inputs, image_size=1)))
    assert None in validated and all(np.isfinite(list(one.values())).all() for one in validated if one is not None)


@pytest.mark.usefixtures("alone")
def test_clients_have_stripes_of_the_scene_and_one_count_each(tmp_path: Path) -> None:
    scene = get("synthetic-htd").prepare(tmp_path, tmp_path, 1)
    task = TargetDetection(cell(workers=3, partition="blocks"), scene.folder, CPU)
    rows = [own // scene.width for own in task.clients]
    assert rows[0].max() <= rows[1].min() and rows[1].max() <= rows[2].min()
    counts = task.facts()["partition"]["clients"]
    assert counts == [[len(own)] for own in task.clients] and sum(map(sum, counts)) == len(task.train)
    with pytest.raises(RsbenchError, match="no classes"):
        TargetDetection(cell(workers=3, partition="classes:2"), scene.folder, CPU).facts()
