"""Your own scene: its arrays told apart by shapes and names."""

from __future__ import annotations

from pathlib import Path

import mat_scenes
import numpy as np
import pytest

from rsbench.datasets import get
from rsbench.errors import RsbenchError

SCENE = mat_scenes.made(channels=2)

FLAT = mat_scenes.made()


def test_any_scene_is_told_apart_by_shapes(tmp_path: Path) -> None:
    mat_scenes.save5(tmp_path / "everything.mat", {"X": SCENE.hsi, "sar": SCENE.aux, "truth": SCENE.labels})
    (tmp_path / "classes.csv").write_text("label,name\n1,field\n2,lake\n3,road\n")
    pixels = get("multimodal-mat").prepare(tmp_path, tmp_path / "cache", 5)
    assert pixels.class_names == ("field", "lake", "road") and not pixels.official
    assert np.array_equal(pixels.hsi(), SCENE.hsi) and np.array_equal(pixels.aux(), SCENE.aux)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"gt": None}, "no label map"),
        ({"more": SCENE.aux}, "1 cube and 2 other arrays of 24 x 40 pixels"),
        ({"HSI": None, "LiDAR": FLAT.aux}, "0 cubes and 1 other array of 24 x 40 pixels"),
        ({"train": FLAT.train}, "a list of train pixels, but not the other"),
    ],
)
def test_any_scene_that_is_not_clear_is_refused(changes: dict, words: str, tmp_path: Path) -> None:
    arrays = {"HSI": SCENE.hsi, "LiDAR": SCENE.aux, "gt": SCENE.labels} | changes
    mat_scenes.one_array_a_file(tmp_path, mat_scenes.save5, {k: v for k, v in arrays.items() if v is not None})
    with pytest.raises(RsbenchError, match=words) as caught:
        get("multimodal-mat").survey(tmp_path)
    assert "gt.mat: gt (24 x 40)" in str(caught.value) or changes.get("gt", 1) is None
