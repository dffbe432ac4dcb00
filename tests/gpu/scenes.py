"""Generated pictures in the layout of UC Merced: each class a colour and a stripe width, under noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rsbench.datasets.scenes.ucm21 import UCM21


def write_scenes(root: Path, *, per_class: int, side: int) -> None:
    """Write ``root/UCMerced_LandUse/Images/<class>/<class>NN.tif``.

    Args:
        root: to give as ``--data-root``.
        per_class: pictures of a class.
        side: height and width in pixels.
    """
    from PIL import Image

    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:side, :side]
    for number, name in enumerate(UCM21.class_names):
        folder = root / "UCMerced_LandUse" / "Images" / name
        folder.mkdir(parents=True)
        stripes = ((rows * (number % 3) + columns) // (2 + number) % 2)[..., None] * 60
        colour = np.array([number * 12, 255 - number * 12, number * 37 % 256]) // 2
        for picture in range(per_class):
            noise = rng.integers(0, 68, (side, side, 3))
            pixels = (colour + stripes + noise).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"{name}{picture:02d}.tif")
