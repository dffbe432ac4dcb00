"""Files that are missing, and patch sizes that no scene can have."""

from __future__ import annotations

from pathlib import Path

import mat_scenes
import pytest

from rsbench.datasets import get
from rsbench.errors import RsbenchError

FLAT = mat_scenes.made()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    mat_scenes.mmrs(tmp_path, FLAT, folder="Houston2013")
    (tmp_path / "Houston2013" / "LiDAR.mat").unlink()
    with pytest.raises(
        RsbenchError, match=r"is not complete: .*Houston2013 lacks LiDAR\.mat\. It must stand like this"
    ):
        get("houston2013").survey(tmp_path)


@pytest.mark.parametrize(("side", "words"), [(8, "give an odd one, such as --image-size 9"), (51, "too large")])
def test_patch_sizes_that_cannot_be(side: int, words: str, tmp_path: Path) -> None:
    mat_scenes.mmrs(tmp_path, FLAT)
    with pytest.raises(RsbenchError, match=words):
        get("idtrees").prepare(tmp_path, tmp_path / "cache", side)
