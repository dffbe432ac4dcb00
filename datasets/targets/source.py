"""A target-detection scene as it was found: in a file, or a recipe."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsbench.datasets.base import Survey
from rsbench.errors import RsbenchError
from rsbench.recipe.split import OFFICIAL

SUSPECTS = 0.05
"""Share of the pixels, those that CEM scores highest, that no network trains on."""
VALIDATION = 0.05
"""Share of the background that validates, at most ``MOST_VALIDATION`` pixels."""
MOST_VALIDATION = 8192


@dataclass(frozen=True, kw_only=True)
class TargetSource(ABC):
    """A scene as it was found: in a file, or a recipe.

    Attributes:
        title: of this scene.
        height: rows of pixels.
        dtype: as numpy writes it, ``float32``.
        halo: pixels around a mark within which a detection counts.
        warnings: sentences for the user.
    """

    where: Path
    title: str
    height: int
    width: int
    bands: int
    dtype: str
    halo: int = 0
    warnings: tuple[str, ...] = ()

    @abstractmethod
    def blocks(self) -> Iterator[NDArray[Any]]:
        """Yield the scene as blocks of rows ``[n, W, B]``, in order."""

    @abstractmethod
    def truth(self) -> NDArray[np.uint8]:
        """Return the marks ``[H, W]``: 1 for a target, else 0."""

    @abstractmethod
    def target(self) -> NDArray[np.float64] | None:
        """Return the target's spectrum ``[B]``; None where the mean of the marked pixels must do."""

    @property
    def target_origin(self) -> str:
        """Where the target's spectrum comes from, in words for the record and the table."""
        return "given with the scene"

    @abstractmethod
    def fingerprint(self) -> str:
        """Return 12 hex digits that name this data."""

    @abstractmethod
    def stamp(self) -> str:
        """Return a text that changes when a file was replaced by another of the same size."""


@dataclass(frozen=True, kw_only=True)
class TargetSurvey(Survey):
    """A scene that was found, not yet read."""

    source: TargetSource

    @property
    def contents(self) -> str:
        """The size of the scene, in words."""
        source = self.source
        return f"{source.height} x {source.width} pixels, {source.bands} bands"

    @property
    def inputs(self) -> dict[str, int]:
        """The number of bands."""
        return {"bands": self.source.bands}

    def train_samples(self, split: str, seed: int) -> int:
        """Return how many background pixels train; it follows from the scene's size."""
        refuse_percentages(split)
        pixels = self.source.height * self.source.width
        return background_count(pixels) - validation_count(pixels)


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
