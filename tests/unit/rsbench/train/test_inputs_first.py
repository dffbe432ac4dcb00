"""A loss that is not finite looks at the inputs before it blames the learning rate, for every kind of data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import mat_scenes
import numpy as np
import pytest
import torch
from htd_scenes import MAP, SCENE, TARGET
from scipy.io import savemat

from rsbench.cell import CellSpec
from rsbench.datasets import get
from rsbench.errors import NotFiniteError, RsbenchError
from rsbench.tasks import TASKS, Task
from rsbench.train.inputs_first import inputs_first

CPU = torch.device("cpu")


def opened(name: str, data: Path, image_size: int) -> SimpleNamespace:
    """Return a stand-in for a run: its cell, and the task on prepared data."""
    folder = get(name).prepare(data, data.parent / "cache", image_size).folder
    values = {"dataset": name, "dataset_fingerprint": "f", "model": "m", "compressor": "none", "split": "official"}
    numbers = {"ratio": None, "lr": 0.01, "seed": 0, "workers": 1, "device": "cpu", "epochs": 1, "batch_size": 16}
    cell = CellSpec.from_dict({**values, **numbers, "image_size": image_size})
    task: Task = TASKS[get(name).task](cell, folder, CPU)
    return SimpleNamespace(cell=cell, task=task)


@inputs_first
def diverging(training: SimpleNamespace, remedy: str) -> None:
    raise NotFiniteError("The loss became nan around step 7", remedy)


def sentence(training: SimpleNamespace) -> str:
    with pytest.raises(RsbenchError) as caught:
        diverging(training, "lower it.")
    return str(caught.value)


@pytest.mark.parametrize("where", ["train", "test"])
def test_the_other_modality_is_named(where: str, tmp_path: Path) -> None:
    scene = mat_scenes.made()
    aux = scene.aux.copy()
    position = np.flatnonzero(getattr(scene, where))[-1]
    aux.flat[position] = 3.4e38 if where == "test" else aux.flat[position]
    mat_scenes.mmrs(tmp_path / "data", replace(scene, aux=aux))
    text = sentence(opened("idtrees", tmp_path / "data", 5))
    if where == "train":
        assert text == "The loss became nan around step 7; lower it.", "sound inputs: the rate is to blame"
    else:
        assert text.startswith("The loss became nan around step 7, because of the inputs: the other modality holds")
        assert "standard deviations from the mean of the training samples. `rsbench data check idtrees` says" in text


def test_the_cube_is_named_and_its_nan_are_none(tmp_path: Path) -> None:
    scene = mat_scenes.made()
    hsi = scene.hsi.astype(np.float64)
    hsi.reshape(-1, 6)[np.flatnonzero(scene.test)[0], 2] = 1e300
    mat_scenes.mmrs(tmp_path / "data", replace(scene, hsi=hsi))
    assert "the hyperspectral cube holds values that are no number" in sentence(opened("idtrees", tmp_path / "data", 5))
    hsi.reshape(-1, 6)[np.flatnonzero(scene.test)[0], 2] = np.nan
    mat_scenes.mmrs(tmp_path / "holed", replace(scene, hsi=hsi))
    assert sentence(opened("idtrees", tmp_path / "holed", 5)).endswith("; lower it."), "the mean stands there"


def test_target_scenes_and_their_spectrum_are_looked_at(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    savemat(tmp_path / "data" / "a.mat", {"data": SCENE, "map": MAP, "d": TARGET})
    assert sentence(opened("htd-mat", tmp_path / "data", 1)).endswith("; lower it.")
    savemat(tmp_path / "data" / "a.mat", {"data": SCENE, "map": MAP, "d": TARGET * 1e9})
    assert "the target's spectrum holds values up to" in sentence(opened("htd-mat", tmp_path / "data", 1))


def test_pictures_are_sound_also_where_a_channel_has_one_value(tmp_path: Path) -> None:
    from PIL import Image

    for name in ("field", "lake"):
        for number in range(10):
            pixels = np.random.default_rng(number).integers(0, 256, (16, 16, 3), dtype=np.uint8)
            pixels[..., 2] = 9
            (tmp_path / "data" / name).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(tmp_path / "data" / name / f"{number}.png")
    training = opened("imagefolder", tmp_path / "data", 16)
    assert sentence(training).endswith("; lower it.")
    images, _ = training.task.reader.read(training.task.train, None)
    assert (images[:, 2] == 0).all() and images[:, :2].std() == pytest.approx(1, abs=0.02)
