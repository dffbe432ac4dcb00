"""A scene as its release declares it, for plans on machines that do not have it."""

from __future__ import annotations

from dataclasses import dataclass

from rsbench.datasets.base import Survey
from rsbench.datasets.targets.source import background_count, refuse_percentages, validation_count


@dataclass(frozen=True, kw_only=True)
class DeclaredTargets(Survey):
    """A scene that is not on disk.

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
        """Return how many background pixels train; it follows from the scene's size."""
        refuse_percentages(split)
        pixels = self.height * self.width
        return background_count(pixels) - validation_count(pixels)
