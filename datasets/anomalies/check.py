"""What ``data check`` says of an anomaly-detection scene."""

from __future__ import annotations

from dataclasses import dataclass

from rsbench.datasets.targets.scene_check import SceneCheck
from rsbench.datasets.targets.scene_source import ANOMALIES


@dataclass(frozen=True, kw_only=True)
class AnomalyCheck(SceneCheck):
    """What was found in a scene with anomalies."""

    MARKS = ANOMALIES
