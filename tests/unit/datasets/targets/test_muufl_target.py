"""The MUUFL sub-scene, where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsbench import roc
from rsbench.datasets import get


@pytest.mark.real_data
def test_muufl_with_its_halo(real_data: Path, tmp_path: Path) -> None:
    scene = get("muufl-target").prepare(real_data, tmp_path, 1)
    assert scene.scene().shape == (36, 36, 72) and (scene.targets, scene.halo) == (3, 2)
    assert any("3 targets" in warning for warning in scene.warnings)
    assert scene.baselines["cem"]["auc_pd_pf"] == pytest.approx(0.9994539994539995)
    marks = roc.scores(*roc.sides(scene.scores("cem"), scene.truth()))
    assert marks["auc_pd_pf"] < 0.99, "without a halo the marks, which are a pixel off, miss the targets"
