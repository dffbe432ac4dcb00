"""Spectra of a scene, scaled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from rsbench.datasets import get
from rsbench.loaders.spectra import Spectra

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
