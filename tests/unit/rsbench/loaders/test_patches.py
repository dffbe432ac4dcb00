"""Patches beside a plain reference."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import mat_scenes
import numpy as np
import pytest
import torch

from rsbench.datasets import Pixels, get
from rsbench.loaders.patches import Patches, channel_statistics

CPU = torch.device("cpu")


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
    for array, patches in ((scene.hsi, hsi), (scene.aux, aux)):
        wanted = [reference(array, filled, train, at, side) for at in positions]
        np.testing.assert_allclose(patches, np.array(wanted), atol=2e-5)


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
    _, aux_read, _ = Patches(pixels, pixels.split("official", 0).train, 5, CPU).read(np.array([0, 41, 200]), None)
    assert torch.isfinite(aux_read).all() and (aux_read[0, :, 2:5, 2:5] == 0).all()


def test_a_channel_of_one_value_stays_finite(scene: mat_scenes.Scene, tmp_path: Path) -> None:
    mat_scenes.mmrs(tmp_path, replace(scene, aux=np.full_like(scene.aux, 7)))
    pixels = get("idtrees").prepare(tmp_path, tmp_path / "cache", 5)
    _, aux, _ = Patches(pixels, pixels.split("official", 0).train, 5, CPU).read(np.array([0, 41]), None)
    assert (aux == 0).all()


def test_a_cube_alone_is_read_beside_no_channels(tmp_path: Path) -> None:
    scene = mat_scenes.made()
    mat_scenes.save5(tmp_path / "a.mat", {"cube": scene.hsi, "gt": scene.labels})
    pixels = get("multimodal-mat").prepare(tmp_path, tmp_path / "c", 5)
    train = np.flatnonzero(scene.labels)
    hsi, aux, labels = Patches(pixels, train, 5, torch.device("cpu")).read(train[:7], torch.Generator().manual_seed(0))
    assert hsi.shape == (7, 6, 5, 5) and aux.shape == (7, 0, 5, 5) and hsi.isfinite().all()
    assert labels.tolist() == (scene.labels.flat[train[:7]] - 1).tolist()
