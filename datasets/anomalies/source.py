"""Which pixels of an anomaly-detection scene train, and what is known before it is read."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rsbench.datasets.targets.scene_survey import SceneSurvey
from rsbench.errors import RsbenchError
from rsbench.recipe.split import OFFICIAL

VALIDATION = 0.05
"""Share of the pixels that validate, at most ``MOST_VALIDATION`` pixels."""
MOST_VALIDATION = 8192


@dataclass(frozen=True, kw_only=True)
class AnomalySurvey(SceneSurvey):
    """An anomaly-detection scene before it is read."""

    def train_samples(self, split: str, seed: int) -> int:
        """Return how many pixels train; it follows from the scene's size."""
        refuse_percentages(split)
        return self.pixels - validation_count(self.pixels)


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
