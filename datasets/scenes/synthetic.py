"""A procedural data set: remote-sensing-like scenes without a download.

For trying rsbench out and for its tests; what it shows about a compressor must be confirmed on real images. The
classes differ in shape and texture; rotation, place, scale, season, light, haze, colour cast and noise are nuisances.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rsbench.datasets.scenes.dataset import SceneDataset
from rsbench.datasets.scenes.source import Picture, Source
from rsbench.datasets.scenes.synthetic_canvas import SIDE, Canvas, ground_colour
from rsbench.datasets.scenes.synthetic_classes import DRAWINGS

VERSION = 1
"""Raised whenever the pictures change, so that old results are not mixed with new ones."""
IMAGES_PER_CLASS = 120
_SEED = 20_240_229
"""Of the pictures. A run's seed only redraws what trains and what validates."""


@dataclass(frozen=True, kw_only=True)
class GeneratedSource(Source):
    """Pictures that are drawn when they are asked for."""

    def place(self, picture: Picture) -> str:
        """Return the words that tell a user which picture this is."""
        return f"synthetic picture {picture.name}"

    def pixels_HWC(self, picture: Picture, image_size: int | None) -> NDArray[np.uint8]:
        """Draw one picture (``uint8 [H, W, 3]``), resized from 64 pixels where another size is asked for."""
        class_name, _, number = picture.name.partition("/")
        pixels = draw(class_name, int(number))
        if image_size in (None, SIDE):
            return pixels
        resized = Image.fromarray(pixels).resize((image_size, image_size), Image.Resampling.BILINEAR)
        return np.asarray(resized, dtype=np.uint8)


class Synthetic(SceneDataset):
    """Generated scenes; the same on every machine and in every run."""

    name = "synthetic"
    title = "synthetic scenes"
    licence = "Apache-2.0, as rsbench itself"
    citation = "rsbench: procedural scenes"
    class_names = tuple(DRAWINGS)
    images = IMAGES_PER_CLASS * len(DRAWINGS)
    image_size = SIDE
    epochs = 10
    layout = "nothing on disk: the pictures are generated."
    synthetic = True

    def locate(self, data_root: Path) -> Source:
        """Return the generator; ``data_root`` is not looked at and need not exist."""
        pictures = tuple(
            Picture(name=f"{class_name}/{number:03d}", label=label, size_bytes=0, stamp=0)
            for label, class_name in enumerate(self.class_names)
            for number in range(IMAGES_PER_CLASS)
        )
        return GeneratedSource(
            where=Path("(generated)"),
            class_names=self.class_names,
            pictures=pictures,
            recipe=f"synthetic scenes, version {VERSION}",
            threads=1,
        )


def draw(class_name: str, number: int) -> NDArray[np.uint8]:
    """Draw one picture.

    Args:
        class_name: one of ``DRAWINGS``.
        number: which picture of that class, from 0.

    Returns:
        ``uint8 [64, 64, 3]``, the same for the same arguments.
    """
    label = list(DRAWINGS).index(class_name)
    rng = np.random.default_rng([_SEED, label, number])
    canvas = DRAWINGS[class_name](rng)
    _clutter(canvas)
    return _photograph(canvas)


def _clutter(canvas: Canvas) -> None:
    """Add what any scene may hold: a patch of other ground, a lone tree, a small roof."""
    rng = canvas.rng
    if rng.random() < 0.3:
        edge = canvas.turned(canvas.angle(), canvas.point(10))[1] - canvas.uniform(20, 28)
        canvas.paint(np.clip(edge, 0, 1), ground_colour(rng))
    for _ in range(rng.integers(0, 3)):
        if rng.random() < 0.5:
            canvas.tree(canvas.point(30), canvas.uniform(1.5, 2.5), ground_colour(rng))
        else:
            canvas.house(canvas.point(30), canvas.angle(), canvas.uniform(1.5, 3), canvas.uniform(1.2, 2))


def _photograph(canvas: Canvas) -> NDArray[np.uint8]:
    """Add light, haze, colour cast and sensor noise, and round to 8 bits."""
    rng, pixels = canvas.rng, canvas.pixels
    along, _ = canvas.turned(canvas.angle())
    pixels *= (1 + canvas.uniform(0, 0.25) * along / 32)[..., None]
    pixels *= rng.uniform(0.8, 1.2, 3).astype(np.float32) * np.float32(canvas.uniform(0.65, 1.3))
    haze = np.float32(canvas.uniform(0, 0.25))
    pixels *= 1 - haze
    pixels += haze * rng.uniform(0.5, 0.9, 3).astype(np.float32)
    pixels += np.float32(canvas.uniform(0.01, 0.04)) * rng.standard_normal(pixels.shape, dtype=np.float32)
    levels: NDArray[np.uint8] = np.clip(pixels * 255 + 0.5, 0, 255).astype(np.uint8)
    return levels
