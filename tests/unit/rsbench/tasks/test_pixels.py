"""Pixel classification: what it refuses, scores, tells and draws."""

from __future__ import annotations

from pathlib import Path

import mat_scenes
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from rsbench.cell import CellSpec
from rsbench.datasets import Pixels
from rsbench.errors import RsbenchError
from rsbench.loaders.batches import Batch
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


class Recorder:
    """Reads nothing, and keeps which samples were asked for."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def read(self, positions: NDArray[np.int64], rng: torch.Generator | None) -> Batch:
        self.seen += positions.tolist()
        return ()


def test_clients_have_stripes_classes_or_one_modality(pixels: Pixels) -> None:
    task = PixelClassification(cell(workers=2, partition="classes:6"), pixels.folder, CPU)
    facts = task.facts()["partition"]
    assert facts["text"] == "classes:6"
    counts = np.array(facts["clients"])
    assert counts.shape == (2, 12) and (counts[:, :3] > 0).all() and counts[:, 3:].sum() == 0, "classes that train"
    assert counts.sum() == len(task.train)

    striped = PixelClassification(cell(workers=2, partition="blocks"), pixels.folder, CPU)
    stripes, reader = striped.clients, Recorder()
    height, width = pixels.labels().shape
    along = [own % width if width > height else own // width for own in stripes]
    assert along[0].max() <= along[1].min()
    striped.reader = reader
    for rank in (0, 1):
        reader.seen.clear()
        batches = striped.batches(rank=rank, workers=2, steps=len(striped.train) // 32)
        assert batches.samples == len(stripes[rank])
        for epoch in (0, 1):
            list(batches.epoch(epoch))
        assert set(reader.seen) == set(stripes[rank].tolist()), "its own samples and no other, all of them"

    single = PixelClassification(cell(workers=2, partition="modality"), pixels.folder, CPU)
    assert single.facts()["partition"]["modalities"] == ["HSI", "LiDAR"]
    for rank in (0, 1):
        *inputs, _ = next(single.batches(rank=rank, workers=2, steps=1).epoch(0))
        assert inputs[rank].abs().max() > 0 and inputs[1 - rank].abs().max() == 0
    *inputs, _ = single.reader.read(single.parts.val, None)
    assert all(x.abs().max() > 0 for x in inputs), "what validates sees both"

    alone = PixelClassification(cell(workers=2, partition="modality", model="hsi-cnn"), pixels.folder, CPU)
    with pytest.raises(RsbenchError, match=r"modality that hsi-cnn reads.*\(fusion-cnn, sst, fedfusion\)"):
        alone.batches(rank=0, workers=2, steps=1)


def test_without_a_partition_the_record_has_no_clients(pixels: Pixels) -> None:
    task = PixelClassification(cell(workers=2), pixels.folder, CPU)
    assert task.clients == () and "partition" not in task.facts()
    assert task.batches(rank=1, workers=2, steps=1).samples == -(-len(task.train) // 2)
