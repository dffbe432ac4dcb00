"""Options that do not go with target detection."""

from __future__ import annotations

from pathlib import Path

import pytest
from htd_scenes import VARIANTS

from rsbench.datasets import get
from rsbench.errors import RsbenchError


def test_patches_and_percentages_are_refused(tmp_path: Path) -> None:
    VARIANTS["e_cem"](tmp_path / "scene.mat")
    with pytest.raises(RsbenchError, match="--image-size 9"):
        get("htd-mat").prepare(tmp_path, tmp_path / "cache", 9)
    with pytest.raises(RsbenchError, match="--split 50/50"):
        get("htd-mat").survey(tmp_path).train_samples("50/50", 0)
