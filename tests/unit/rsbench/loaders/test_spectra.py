"""Spectra of a scene, scaled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from rsbench.datasets import get
from rsbench.datasets.anomalies.prepared import AnomalyScene
from rsbench.loaders.spectra import NoisySpectra, PlainSpectra, Spectra

CPU = torch.device("cpu")


def test_spectra_are_scaled_and_read_in_the_order_of_the_disk(tmp_path: Path) -> None:
    scene = get("synthetic-htd").prepare(tmp_path, tmp_path, 1)
    spectra, target = Spectra(scene, CPU).read(np.array([9, 3, 5]), None)
    pixels = scene.scene().reshape(-1, 64)[[3, 5, 9]].astype(float)
    np.testing.assert_allclose(spectra, (pixels - scene.mean) / scene.std, atol=1e-4)
    np.testing.assert_allclose(target, (np.array(scene.target) - scene.mean) / scene.std, rtol=1e-4, atol=1e-5)
    everything, _ = Spectra(scene, CPU).read(np.arange(scene.pixels), None)
    torch.testing.assert_close(everything.mean(0), torch.zeros(64), atol=1e-3, rtol=0)
    torch.testing.assert_close(everything.std(0, correction=0), torch.ones(64), atol=1e-3, rtol=0)


def test_noise_belongs_to_pixels_and_has_the_moments_of_the_scaled_scene(tmp_path: Path) -> None:
    scene = get("synthetic-had").prepare(tmp_path, tmp_path, 1)
    assert isinstance(scene, AnomalyScene)
    reader = NoisySpectra(scene, CPU, seed=3)
    spectra, noise, mean_std = reader.read(np.arange(scene.pixels), None)
    assert mean_std.tolist() == pytest.approx([float(spectra.mean()), float(spectra.std())], rel=1e-3)
    scaled = (scene.scene().astype(float) - scene.low) / (scene.high - scene.low)
    np.testing.assert_allclose(spectra, scaled.reshape(-1, scene.bands), atol=1e-5)
    assert (float(spectra.min()), float(spectra.max())) == (0, 1)
    assert float(noise.mean()) == pytest.approx(scaled.mean(), abs=1e-3)
    assert float(noise.var()) == pytest.approx(reader.noise_variance, rel=0.01)
    assert reader.noise_variance == pytest.approx(scaled.var(), rel=1e-4)
    _, some, _ = NoisySpectra(scene, CPU, seed=3).read(np.array([70, 5]), None)
    torch.testing.assert_close(some, noise[[5, 70]], rtol=0, atol=0)
    _, other, _ = NoisySpectra(scene, CPU, seed=4).read(np.array([5, 70]), None)
    assert not torch.allclose(other, some, atol=1e-3)


def test_plain_spectra_are_scaled_by_band(tmp_path: Path) -> None:
    scene = get("synthetic-had").prepare(tmp_path, tmp_path, 1)
    assert isinstance(scene, AnomalyScene)
    (spectra,) = PlainSpectra(scene.scene(), scene.mean, scene.std, CPU).read(np.array([9, 3]), None)
    pixels = scene.scene().reshape(-1, scene.bands)[[3, 9]].astype(float)
    np.testing.assert_allclose(spectra, (pixels - scene.mean) / scene.std, atol=1e-4)
