"""A target-detection scene as it was found: in a file, or a recipe."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    pass


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

    @abstractmethod
    def fingerprint(self) -> str:
        """Return 12 hex digits that name this data."""

    @abstractmethod
    def stamp(self) -> str:
        """Return a text that changes when a file was replaced by another of the same size."""
