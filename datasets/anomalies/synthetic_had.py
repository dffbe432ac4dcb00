"""A synthetic anomaly-detection scene: materials that mix in a curved way, and a few small objects of another one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from rsbench.datasets.anomalies.dataset import AnomalyDataset
from rsbench.datasets.targets.synthetic_htd import GeneratedScene
from rsbench.datasets.targets.synthetic_scene import Numbers, Recipe


@dataclass(frozen=True, kw_only=True)
class CurvedRecipe(Recipe):
    """A scene whose background is no flat of few dimensions, so that no affine map straightens it.

    Light that meets two materials adds the product of their spectra, as in the bilinear model of W. Fan, B. Hu,
    J. Miller and M. Li, International Journal of Remote Sensing 30(11), 2009.

    Attributes:
        side: of an object, in pixels.
        curvature: part of the products of two spectra.
    """

    side: int = 2
    curvature: float = 1.0

    @cached_property
    def places(self) -> tuple[NDArray[np.int64], Numbers]:
        """Positions of the objects' pixels in ascending order, and the object's part of each; objects keep apart."""
        rng, side = self.rng(3), self.side
        rows, columns = self.height // (2 * side), self.width // (2 * side)
        chosen = rng.choice(rows * columns, self.targets // side**2, replace=False)
        tops, lefts = 2 * side * (chosen // columns), 2 * side * (chosen % columns)
        within = np.arange(side)
        positions = (tops[:, None, None] + within[:, None]) * self.width + lefts[:, None, None] + within
        order = np.sort(positions.ravel())
        return order, rng.uniform(*self.fill, len(order))

    def mixed(self, abundances_WE: Numbers) -> Numbers:
        """Return the linear mixture and the products of every two materials."""
        first, second = np.triu_indices(self.materials, 1)
        products_PB = self.materials_EB[first] * self.materials_EB[second]
        curved = (abundances_WE[:, first] * abundances_WE[:, second]) @ products_PB
        return super().mixed(abundances_WE) + self.curvature * curved


class SyntheticHAD(AnomalyDataset):
    """Generated scene of 64 x 64 pixels; the same on every machine and in every run."""

    name = "synthetic-had"
    title = "synthetic anomaly-detection scene"
    licence = "Apache-2.0, as rsbench itself"
    citation = "rsbench: procedural hyperspectral scene"
    layout = "nothing on disk: the scene is generated."
    synthetic = True
    epochs = 20
    recipe: ClassVar[Recipe] = CurvedRecipe(
        height=64, width=64, bands=48, targets=32, seed=20_261_127, materials=5, fill=(0.1, 0.4)
    )

    @property
    def contents(self) -> str:
        """Size of the scene and number of anomalous pixels."""
        recipe = self.recipe
        return f"{recipe.height} x {recipe.width} pixels, {recipe.bands} bands, {recipe.targets} anomalous pixels"

    def locate(self, data_root: Path) -> GeneratedScene:
        """Return the generator; ``data_root`` is not looked at and need not exist."""
        return GeneratedScene.of(self.title, self.recipe)
