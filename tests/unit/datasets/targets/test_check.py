"""``data check`` of a target-detection scene."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from htd_scenes import MAP, SCENE
from scipy.io import savemat

from rsbench import datasets
from rsbench.datasets.targets.synthetic_htd import SyntheticHTD


def test_check_reads_the_scene(small: SyntheticHTD, tmp_path: Path) -> None:
    report = small.check(tmp_path)
    assert report.ok and report.marked == 15
    assert "20 x 23 pixels, 15 bands" in report.sentences()[0]
    savemat(tmp_path / "bad.mat", {"data": np.where(SCENE > 0.4, np.inf, SCENE), "map": MAP})
    bad = datasets.check("htd-mat", tmp_path / "bad.mat")
    assert not bad.ok and bad.not_finite == (SCENE > 0.4).sum() and bad.high <= 0.4
