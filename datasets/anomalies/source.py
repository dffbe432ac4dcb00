"""Which pixels of an anomaly-detection scene train, and what is known before it is read."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rsbench.datasets.base import Survey
from rsbench.datasets.targets.scene_source import SceneSource
from rsbench.errors import RsbenchError
from rsbench.recipe.split import OFFICIAL

VALIDATION = 0.05
"""Share of the pixels that validate, at most ``MOST_VALIDATION`` pixels."""
MOST_VALIDATION = 8192


@dataclass(frozen=True, kw_only=True)
class AnomalySurvey(Survey):
    """A scene that was found and not yet read."""

    source: SceneSource

    @property
    def contents(self) -> str:
        """The size of the scene, in words."""
        return self.source.contents

    @property
    def inputs(self) -> dict[str, int]:
        """The number of bands."""
        return {"bands": self.source.bands}

    def train_samples(self, split: str, seed: int) -> int:
        """Return how many pixels train; it follows from the scene's size."""
        return training_count(self.source.height * self.source.width, split)


@dataclass(frozen=True, kw_only=True)
class DeclaredScene(Survey):
    """A scene that is not on disk, with the size that its release has.

    Attributes:
        height: in pixels.
        width: in pixels.
        bands: hyperspectral bands.
    """

    height: int
    width: int
    bands: int

    @property
    def contents(self) -> str:
        """The size of the scene, in words."""
        return f"{self.height} x {self.width} pixels, {self.bands} bands"

    @property
    def inputs(self) -> dict[str, int]:
        """The number of bands."""
        return {"bands": self.bands}

    def train_samples(self, split: str, seed: int) -> int:
        """Return how many pixels train; it follows from the scene's size."""
        return training_count(self.height * self.width, split)


def training_count(pixels: int, split: str) -> int:
    """Return how many of a scene's pixels train.

    Raises:
        RsbenchError: ``split`` asks for percentages.
    """
    refuse_percentages(split)
    return pixels - validation_count(pixels)


def refuse_percentages(split: str) -> None:
    """Refuse percentages: no label decides which pixels train.

    Raises:
        RsbenchError: says so.
    """
    if split != OFFICIAL:
        raise RsbenchError(
            f"--split {split} does not go with anomaly detection, which trains without labels on the scene that it is "
            "tested on: leave --split out."
        )


def validation_count(pixels: int) -> int:
    """Return how many of a scene's pixels validate and do not train, at least 1."""
    return min(MOST_VALIDATION, math.ceil(VALIDATION * pixels))
