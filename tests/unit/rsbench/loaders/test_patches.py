"""Patches beside a plain reference, the networks on them, and the map."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import mat_scenes
import numpy as np
import pytest
import torch
from PIL import Image

from rsbench.cell import CellSpec
from rsbench.datasets import Pixels, get
from rsbench.errors import RsbenchError
from rsbench.loaders.patches import Patches, channel_statistics
from rsbench.models import patchnets
from rsbench.tasks import TASKS
from rsbench.tasks.maps import class_colours, draw_classes
from rsbench.tasks.pixels import PixelClassification

CPU = torch.device("cpu")
INPUTS = {"classes": 3, "hsi_bands": 11, "aux_channels": 2}


@pytest.fixture
def scene() -> mat_scenes.Scene:
    made = mat_scenes.made(channels=2)
    hsi = made.hsi.copy()
    hsi[8:10] = 0
    return replace(made, hsi=hsi)


@pytest.fixture
def pixels(scene: mat_scenes.Scene, tmp_path: Path) -> Pixels:
    mat_scenes.mmrs(tmp_path, scene)
    return get("idtrees").prepare(tmp_path, tmp_path / "cache", 5)


def reference(array: np.ndarray, filled: np.ndarray, train: np.ndarray, at: int, side: int) -> np.ndarray:
    """One patch, pixel by pixel: [C, side, side]."""
    height, width, channels = array.shape
    train = train[~filled.flat[train]]
    known = array.reshape(-1, channels)[train].astype(np.float64)
    mean, std, half = known.mean(0), known.std(0), side // 2
    patch = np.zeros((channels, side, side))
    for i in range(side):
        for j in range(side):
            row, column = abs(at // width + i - half), abs(at % width + j - half)
            row, column = (
                (2 * (height - 1) - row if row >= height else row),
                (2 * (width - 1) - column if column >= width else column),
            )
            if not filled[row, column]:
                patch[:, i, j] = (array[row, column] - mean) / std
    return patch


@pytest.mark.parametrize("side", [1, 5, 9])
def test_patches_are_those_of_a_plain_reference(side: int, pixels: Pixels, scene: mat_scenes.Scene) -> None:
    train = pixels.split("official", 0).train
    reader = Patches(pixels, train, side, CPU)
    labelled = np.flatnonzero(scene.labels)
    positions = np.concatenate([labelled[:30], labelled[-30:], np.random.default_rng(0).choice(labelled, 30)])
    hsi, aux, labels = reader.read(positions, None)
    filled = np.zeros((24, 40), dtype=bool)
    filled[8:10] = True
    assert hsi.shape == (90, 6, side, side) and aux.shape == (90, 2, side, side)
    assert hsi.dtype == aux.dtype == torch.float32 and labels.dtype == torch.int64
    assert np.array_equal(labels, scene.labels.flat[positions] - 1)
    for array, found in ((scene.hsi, hsi), (scene.aux, aux)):
        wanted = [reference(array, filled, train, at, side) for at in positions]
        np.testing.assert_allclose(found, np.array(wanted), atol=2e-5)


def test_scaling_comes_from_labelled_training_pixels_only(pixels: Pixels) -> None:
    train = pixels.split("official", 0).train
    hsi, aux, _ = Patches(pixels, train, 1, CPU).read(train, None)
    for x in (hsi, aux):
        kept = x[:, :, 0, 0][(hsi[:, :, 0, 0] != 0).any(1)]
        assert len(kept) < len(x), "fill plays no part"
        np.testing.assert_allclose(kept.mean(0), 0, atol=1e-5)
        np.testing.assert_allclose(kept.std(0, correction=0), 1, atol=1e-5)
    mean, std = channel_statistics(pixels.hsi().reshape(-1, 6), train)
    known = pixels.hsi().reshape(-1, 6)[train].astype(np.float64)
    np.testing.assert_allclose(mean, known.mean(0), rtol=1e-9)
    np.testing.assert_allclose(std, known.std(0), rtol=1e-6)


def test_both_modalities_are_turned_alike(scene: mat_scenes.Scene, tmp_path: Path) -> None:
    same = replace(scene, aux=scene.hsi[..., :2].astype(np.float32))
    mat_scenes.mmrs(tmp_path, same)
    pixels = get("idtrees").prepare(tmp_path, tmp_path / "cache", 5)
    split = pixels.split("official", 0)
    reader, rng = Patches(pixels, split.train, 5, CPU), torch.Generator().manual_seed(0)
    plain, _, _ = reader.read(split.train[:64], None)
    hsi, aux, _ = reader.read(split.train[:64], rng)
    torch.testing.assert_close(hsi[:, :2], aux)
    turns = [torch.rot90(x, k, (2, 3)) for x in (plain, plain.flip(3)) for k in range(4)]
    used = {next(n for n, turn in enumerate(turns) if torch.equal(turn[i], hsi[i])) for i in range(64)}
    assert len(used) == 8, "all eight symmetries occur, and nothing else"


def test_values_that_are_no_number_become_the_mean(scene: mat_scenes.Scene, tmp_path: Path) -> None:
    aux = scene.aux.copy()
    aux[:3, :3] = np.nan
    mat_scenes.mmrs(tmp_path, replace(scene, aux=aux))
    pixels = get("idtrees").prepare(tmp_path, tmp_path / "cache", 5)
    _, found, _ = Patches(pixels, pixels.split("official", 0).train, 5, CPU).read(np.array([0, 41, 200]), None)
    assert torch.isfinite(found).all() and (found[0, :, 2:5, 2:5] == 0).all()


def test_a_channel_of_one_value_stays_finite(scene: mat_scenes.Scene, tmp_path: Path) -> None:
    mat_scenes.mmrs(tmp_path, replace(scene, aux=np.full_like(scene.aux, 7)))
    pixels = get("idtrees").prepare(tmp_path, tmp_path / "cache", 5)
    _, aux, _ = Patches(pixels, pixels.split("official", 0).train, 5, CPU).read(np.array([0, 41]), None)
    assert (aux == 0).all()


@pytest.mark.parametrize("samples", [1, 16])
@pytest.mark.parametrize("side", [1, 3, 7, 9, 11])
@pytest.mark.parametrize("model", patchnets.NETWORKS)
def test_every_parameter_gets_a_gradient(model: str, side: int, samples: int) -> None:
    torch.manual_seed(0)
    networks = PixelClassification.build(model, INPUTS, image_size=side)
    sides = (side, side)
    batch = (torch.randn(samples, 11, *sides), torch.randn(samples, 2, *sides), torch.randint(3, (samples,)))
    ((name, loss),) = PixelClassification.losses(networks, batch)
    loss.backward()
    assert name == "" and torch.isfinite(loss)
    for key, parameter in networks[""].named_parameters():
        assert parameter.grad is not None, key
        assert samples == 1 or parameter.grad.abs().sum() > 0, key


@pytest.mark.parametrize("model", patchnets.NETWORKS)
def test_few_elements_are_one_dimensional(model: str) -> None:
    inputs = {"classes": 12, "hsi_bands": 369, "aux_channels": 1}
    network = PixelClassification.build(model, inputs, image_size=9)[""]
    one_d = sum(p.numel() for p in network.parameters() if p.dim() < 2)
    assert one_d == 12 and sum(p.numel() for p in network.parameters()) > 1000 * one_d


@pytest.mark.parametrize(("model", "other"), [("hsi-cnn", 1), ("aux-cnn", 0)])
def test_networks_of_one_modality_do_not_see_the_other(model: str, other: int) -> None:
    network = patchnets.build(model, classes=3, bands=11, channels=2, side=5).eval()
    inputs = [torch.randn(2, 11, 5, 5), torch.randn(2, 2, 5, 5)]
    before = network(*inputs)
    inputs[other] = torch.full_like(inputs[other], torch.nan)
    assert torch.equal(network(*inputs), before)


@pytest.mark.parametrize("model", ["fusion-cnn", "sst"])
def test_fusion_sees_both(model: str) -> None:
    network = patchnets.build(model, classes=3, bands=11, channels=2, side=5).eval()
    hsi, aux = torch.randn(2, 11, 5, 5), torch.randn(2, 2, 5, 5)
    before = network(hsi, aux)
    assert not torch.equal(network(hsi + 1, aux), before) and not torch.equal(network(hsi, aux + 1), before)


def test_what_cannot_be_built_is_refused() -> None:
    with pytest.raises(RsbenchError, match="give an odd one"):
        PixelClassification.build("hsi-cnn", INPUTS, image_size=8)
    with pytest.raises(RsbenchError, match='Did you mean "fusion-cnn"'):
        PixelClassification.build("fusion", INPUTS, image_size=9)
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


def test_a_map_shows_each_pixel_in_its_colour(tmp_path: Path) -> None:
    truth = np.zeros((30, 20), dtype=np.int16)
    truth[:10], truth[10:20] = 1, 2
    draw_classes(tmp_path / "m.png", np.where(truth == 1, 2, truth), truth, ("field", "lake"), "a title")
    page = np.asarray(Image.open(tmp_path / "m.png")).astype(int)
    assert page.shape[1] >= 600, "enlarged"
    shares = [(page == colour).all(axis=2).sum() for colour in class_colours(2)]
    factor = 16
    assert shares[0] == pytest.approx(200 * factor**2, rel=0.01) and shares[1] == pytest.approx(
        600 * factor**2, rel=0.01
    )


def test_colours_are_distinct() -> None:
    colours = np.array(class_colours(20))
    apart = np.abs(colours[:, None] - colours[None]).sum(axis=2) + 999 * np.eye(20, dtype=int)
    assert apart.min() > 40
