"""Official split lists: used, incomplete, overlapping."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dataset_files import write_lists

from rsbench.datasets import get
from rsbench.errors import RsbenchError

UCM = "UCMerced_LandUse/Images/{c}/{c}{i:02d}"


def test_official_lists_are_used_and_what_is_not_on_disk_is_counted(tmp_path: Path, write_images) -> None:
    write_images("NWPU-RESISC45/{c}/{c}_{i:03d}.jpg", ("beach", "lake"), 4)
    write_lists(
        tmp_path,
        train=["beach_000.jpg", "lake_000.jpg", "lake_001.jpg", "palace_001.jpg"],
        val=["beach_001.jpg", "lake_002.jpg"],
        test=["beach_002.jpg", "lake_003.jpg", "palace_002.jpg"],
    )
    scenes = get("nwpu45").prepare(tmp_path, tmp_path / "cache", 16)
    names, first, second = scenes.names(), scenes.split("official", 0), scenes.split("official", 1)
    assert [names[i] for i in first.train] == ["beach/beach_000.jpg", "lake/lake_000.jpg", "lake/lake_001.jpg"]
    assert [names[i] for i in first.test] == ["beach/beach_002.jpg", "lake/lake_003.jpg"]
    assert np.array_equal(first.train, second.train)
    assert "2 of 9 names not on disk skipped" in first.description
    assert "1 images in no list left out" in first.description
    assert first.description.endswith("3 train, 2 val, 2 test")


def test_lists_name_tif_where_jpg_stand(tmp_path: Path, write_images) -> None:
    write_images(UCM + ".jpg", ("beach",), 3)
    for part, name in (("train", "beach00.tif"), ("val", "beach01.tif"), ("test", "beach02.tif")):
        (tmp_path / f"uc_merced-{part}.txt").write_text(name)
    split = get("ucm21").prepare(tmp_path, tmp_path / "cache", 16).split("official", 0)
    assert [list(part) for part in (split.train, split.val, split.test)] == [[0], [1], [2]]


def test_a_missing_list_falls_back_with_a_warning(tmp_path: Path, write_images) -> None:
    write_images("NWPU-RESISC45/{c}/{c}_{i:03d}.jpg", ("beach", "lake"), 10)
    write_lists(tmp_path, train=["beach_000.jpg"], test=["lake_000.jpg"])
    scenes = get("nwpu45").prepare(tmp_path, tmp_path / "cache", 16)
    assert any("resisc45-val.txt missing" in warning for warning in scenes.warnings)
    assert scenes.split("official", 0).description.startswith("80/10/10 per class")


def test_overlapping_lists_are_refused(tmp_path: Path, write_images) -> None:
    write_images("NWPU-RESISC45/{c}/{c}_{i:03d}.jpg", ("beach",), 3)
    write_lists(tmp_path, train=["beach_000.jpg"], val=["beach_001.jpg"], test=["beach_000.jpg"])
    with pytest.raises(RsbenchError, match=r"beach/beach_000\.jpg stands in both"):
        get("nwpu45").locate(tmp_path)
