"""Synthetic target-detection scenes: a small one for trials, and one of a gigabyte for speed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from rsbench.datasets.targets.dataset import TargetDataset
from rsbench.datasets.targets.scene_source import SceneSource
from rsbench.datasets.targets.source import TargetSource
from rsbench.datasets.targets.synthetic_scene import Recipe

_ROWS = 16
"""Rows that are made at a time; the scene is the same for any number."""


@dataclass(frozen=True, kw_only=True)
class GeneratedScene(SceneSource):
    """A scene that is made when it is asked for."""

    recipe: Recipe

    @classmethod
    def of(cls, title: str, recipe: Recipe) -> Self:
        """Return the scene of a recipe.

        Args:
            title: of the scene.
            recipe: what it follows from.
        """
        return cls(
            where=Path("(generated)"),
            title=title,
            height=recipe.height,
            width=recipe.width,
            bands=recipe.bands,
            dtype="float32",
            recipe=recipe,
        )

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """Yield blocks of 16 rows, made as they are asked for."""
        for start in range(0, self.height, _ROWS):
            yield self.recipe.rows(start, min(start + _ROWS, self.height))

    def truth(self) -> NDArray[np.uint8]:
        """Return 1 for pixels that hold some of the target."""
        return self.recipe.map_HW()

    def fingerprint(self) -> str:
        """Return that of the recipe."""
        return self.recipe.fingerprint

    def stamp(self) -> str:
        """Return nothing: no file could change."""
        return ""


@dataclass(frozen=True, kw_only=True)
class GeneratedTargets(GeneratedScene, TargetSource):
    """A generated scene and the spectrum of its target."""

    def target(self) -> NDArray[np.float64]:
        """Return the spectrum of the pure target."""
        return self.recipe.target_B


class SyntheticHTD(TargetDataset):
    """Generated scene of 96 x 96 pixels; the same on every machine and in every run.

    Others follow by a subclass with another recipe, in a package of its own too (entry point ``rsbench.datasets``).
    """

    name = "synthetic-htd"
    title = "synthetic target-detection scene"
    licence = "Apache-2.0, as rsbench itself"
    citation = "rsbench: procedural hyperspectral scene"
    layout = "nothing on disk: the scene is generated."
    synthetic = True
    epochs = 20
    recipe: ClassVar[Recipe] = Recipe(height=96, width=96, bands=64, targets=40, seed=20_241_223)

    @property
    def contents(self) -> str:
        """Size of the scene and number of targets."""
        recipe = self.recipe
        return f"{recipe.height:,} x {recipe.width:,} pixels, {recipe.bands} bands, {recipe.targets} targets"

    def locate(self, data_root: Path) -> GeneratedTargets:
        """Return the generator; ``data_root`` is not looked at and need not exist."""
        return GeneratedTargets.of(self.title, self.recipe)


class SyntheticHTD1GB(SyntheticHTD):
    """Generated scene of 1.08 GB on disk."""

    name = "synthetic-htd-1gb"
    title = "synthetic target-detection scene of 1.08 GB"
    recipe = Recipe(height=1160, width=1164, bands=200, targets=600, seed=20_241_223)
    epochs = 8
    batch_size = 2048  # fewer exchanges a pixel: what a second worker gains is not lost to waiting
