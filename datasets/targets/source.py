"""A target-detection scene as it was found, and which of its pixels train."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rsbench.datasets.targets.scene_source import SceneSource
from rsbench.datasets.targets.scene_survey import SceneSurvey
from rsbench.errors import RsbenchError
from rsbench.recipe.split import OFFICIAL

SUSPECTS = 0.05
"""Share of the pixels, those that CEM scores highest, that no network trains on."""
VALIDATION = 0.05
"""Share of the background that validates, at most ``MOST_VALIDATION`` pixels."""
MOST_VALIDATION = 8192


@dataclass(frozen=True, kw_only=True)
class TargetSource(SceneSource):
    """A scene and the spectrum that is looked for."""

    @abstractmethod
    def target(self) -> NDArray[np.float64] | None:
        """Return the target's spectrum ``[B]``; None where the mean of the marked pixels must do."""

    @property
    def target_origin(self) -> str:
        """Where the target's spectrum comes from, in words for the record and the table."""
        return "given with the scene"


@dataclass(frozen=True, kw_only=True)
class TargetSurvey(SceneSurvey):
    """A target-detection scene before it is read."""

    def train_samples(self, split: str, seed: int) -> int:
        """Return how many background pixels train; it follows from the scene's size."""
        refuse_percentages(split)
        return background_count(self.pixels) - validation_count(self.pixels)


def refuse_percentages(split: str) -> None:
    """Refuse percentages: which pixels train is decided by the coarse detection.

    Raises:
        RsbenchError: says so.
    """
    if split != OFFICIAL:
        raise RsbenchError(
            f"--split {split} does not go with target detection, where the pixels that CEM calls background train and "
            "all pixels test: leave --split out."
        )


def background_count(pixels: int) -> int:
    """Return how many of a scene's pixels count as background in training."""
    return pixels - math.ceil(SUSPECTS * pixels)


def validation_count(pixels: int) -> int:
    """Return how many background pixels validate and do not train, at least 1."""
    return min(MOST_VALIDATION, math.ceil(VALIDATION * background_count(pixels)))
