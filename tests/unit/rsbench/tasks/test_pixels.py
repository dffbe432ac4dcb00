"""Pixel classification: what it refuses, scores, tells and draws."""

from __future__ import annotations

from pathlib import Path

import mat_scenes
import numpy as np
import pytest
import torch
from PIL import Image

from rsbench.cell import CellSpec
from rsbench.datasets import Pixels
from rsbench.errors import RsbenchError
from rsbench.models import patchnets
from rsbench.tasks import TASKS
from rsbench.tasks.maps import class_colours
from rsbench.tasks.pixels import PixelClassification

CPU = torch.device("cpu")
INPUTS = {"classes": 3, "hsi_bands": 11, "aux_channels": 2}


def test_what_cannot_be_built_is_refused() -> None:
    with pytest.raises(RsbenchError, match="give an odd one"):
        PixelClassification.build("hsi-cnn", INPUTS, image_size=8)
    with pytest.raises(RsbenchError, match='Did you mean "fusion-cnn"'):
        PixelClassification.build("fusioncnn", INPUTS, image_size=9)
    with pytest.raises(RsbenchError, match="no published weights"):
        PixelClassification.build("sst", INPUTS, image_size=9, weights="DEFAULT")
    assert TASKS["pixels"] is PixelClassification and TASKS["pixels"].models() == list(patchnets.NETWORKS)


def cell(**changes: object) -> CellSpec:
    values = {"dataset": "idtrees", "dataset_fingerprint": "f", "model": "fusion-cnn", "compressor": "none"}
    numbers = {"ratio": None, "lr": 0.01, "seed": 0, "workers": 1, "device": "cpu", "epochs": 1, "batch_size": 16}
    return CellSpec.from_dict({**values, **numbers, "image_size": 5, "split": "official", **changes})


@pytest.mark.usefixtures("alone")
def test_the_task_scores_tells_and_draws(pixels: Pixels, scene: mat_scenes.Scene, tmp_path: Path) -> None:
    task = PixelClassification(cell(split="random:50/10/40", image_size=11), pixels.folder, CPU)
    assert task.inputs == {"classes": 12, "hsi_bands": 6, "aux_channels": 2}
    networks = task.build("fusion-cnn", task.inputs, image_size=11)
    assert task.validate(networks).keys() == {"loss", "oa", "aa", "kappa"}
    test = task.test(networks)
    facts = task.facts()
    assert test["samples"] == facts["test"] == len(task.parts.test)
    assert facts["task"] == "pixels" and facts["modalities"] == ["HSI", "LiDAR"]
    for words in ("Random pixels train", "of another size", "Patches of 11 px overlap"):
        assert any(words in warning for warning in facts["warnings"]), words
    (picture,) = task.draw(networks, tmp_path)
    assert "IDTReeS" in picture["title"] and "fusion-cnn" in picture["title"]
    page = np.asarray(Image.open(tmp_path / picture["file"]))
    answers = task.answers(networks, np.flatnonzero(scene.labels))["predicted"]
    for label in set(scene.labels[scene.labels > 0] - 1) | set(answers):
        assert (page == class_colours(12)[label]).all(axis=2).sum() > 100, "in the map and in the legend"
