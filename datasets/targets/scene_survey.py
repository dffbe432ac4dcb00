"""What is known of a hyperspectral scene before it is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from rsbench.datasets.base import Survey
from rsbench.datasets.targets.scene_source import SceneSource


@dataclass(frozen=True, kw_only=True)
class SceneSurvey(Survey):
    """A scene that was found and not yet read, or one that is not there, with the size that its release has.

    Attributes:
        height: in pixels.
        width: in pixels.
        bands: hyperspectral bands.
    """

    height: int
    width: int
    bands: int

    @classmethod
    def of(cls, source: SceneSource) -> Self:
        """Return the survey of a scene that was found."""
        return cls(
            where=source.where,
            fingerprint=source.fingerprint(),
            warnings=source.warnings,
            height=source.height,
            width=source.width,
            bands=source.bands,
        )

    @property
    def contents(self) -> str:
        """The size of the scene, in words."""
        return f"{self.height} x {self.width} pixels, {self.bands} bands"

    @property
    def inputs(self) -> dict[str, int]:
        """The number of bands."""
        return {"bands": self.bands}

    @property
    def pixels(self) -> int:
        """The number of pixels."""
        return self.height * self.width
