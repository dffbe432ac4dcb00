"""A hyperspectral scene with marks as it was found: in a file, or a recipe."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rsbench.errors import RsbenchError


class Marks(NamedTuple):
    """What a map marks, in words for one and for several."""

    one: str
    many: str


TARGETS: Final = Marks("target", "targets")
ANOMALIES: Final = Marks("anomaly", "anomalies")


@dataclass(frozen=True, kw_only=True)
class SceneSource(ABC):
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

    @property
    def contents(self) -> str:
        """The size of the scene, in words."""
        return f"{self.height} x {self.width} pixels, {self.bands} bands"

    @abstractmethod
    def blocks(self) -> Iterator[NDArray[Any]]:
        """Yield the scene as blocks of rows ``[n, W, B]``, in order."""

    @abstractmethod
    def truth(self) -> NDArray[np.uint8]:
        """Return the marks ``[H, W]``: 1 for a marked pixel, else 0."""

    @abstractmethod
    def fingerprint(self) -> str:
        """Return 12 hex digits that name this data."""

    @abstractmethod
    def stamp(self) -> str:
        """Return a text that changes when a file was replaced by another of the same size."""


def refuse_image_size(dataset: str, image_size: int) -> None:
    """Refuse a side of pictures or patches, since single pixels are detected.

    Args:
        dataset: name of the data set.
        image_size: as ``--image-size`` takes it.

    Raises:
        RsbenchError: it is not 1.
    """
    if image_size != 1:
        raise RsbenchError(
            f"--image-size {image_size} does not go with {dataset}, whose samples are single pixels: leave it out."
        )
