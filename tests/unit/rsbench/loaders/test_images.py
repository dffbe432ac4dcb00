"""Images as batches: scaled by the training images alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from rsbench.datasets import get
from rsbench.loaders.images import Pictures


def test_training_images_come_out_with_mean_0_and_deviation_1(tmp_path: Path) -> None:
    for number in range(12):
        folder = tmp_path / "data" / ("field" if number < 6 else "lake")
        folder.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(5 * number, 6 * number + 60, (16, 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    scenes = get("imagefolder").prepare(tmp_path / "data", tmp_path / "c", 16)
    train, others = np.arange(5), np.arange(5, 12)
    reader = Pictures(scenes, train, torch.device("cpu"), channels_last=False)
    images, labels = reader.read(train, None)
    assert images.mean((0, 2, 3)).abs().max() < 1e-5
    assert (images.std((0, 2, 3), correction=0) - 1).abs().max() < 1e-5
    assert labels.tolist() == [0] * 5
    assert reader.read(others, None)[0].mean() > 0.5, "the others are brighter, and play no part in the scaling"
