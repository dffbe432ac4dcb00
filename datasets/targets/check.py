"""What ``data check`` says of a target-detection scene."""

from __future__ import annotations

from dataclasses import dataclass

from rsbench.datasets.targets.scene_check import SceneCheck
from rsbench.datasets.targets.scene_source import TARGETS
from rsbench.datasets.targets.source import TargetSource


@dataclass(frozen=True, kw_only=True)
class TargetCheck(SceneCheck):
    """What was found in a scene with targets."""

    MARKS = TARGETS
    source: TargetSource

    def remarks(self) -> list[str]:
        """Return where the target's spectrum comes from."""
        return [f"Spectrum of the target: {self.source.target_origin}."]
