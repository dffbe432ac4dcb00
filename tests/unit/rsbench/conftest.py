"""A small multi-modal scene, with a strip without data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import mat_scenes
import pytest

from rsbench.datasets import Pixels, get


@pytest.fixture
def scene() -> mat_scenes.Scene:
    made = mat_scenes.made(channels=2)
    hsi = made.hsi.copy()
    hsi[8:10] = 0
    return replace(made, hsi=hsi)


@pytest.fixture
def pixels(scene: mat_scenes.Scene, tmp_path: Path) -> Pixels:
    mat_scenes.mmrs(tmp_path, scene)
    return get("idtrees").prepare(tmp_path, tmp_path / "cache", 5)
