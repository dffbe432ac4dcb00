"""The real images, where they stand (RSBENCH_TEST_DATA or ../shared/data)."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from rsbench import datasets
from rsbench.datasets.changes.prepared import Changes
from rsbench.datasets.pixels import spatial_split

pytestmark = pytest.mark.real_data


def test_ucm21_is_complete(real_data: Path, tmp_path: Path) -> None:
    scenes = datasets.get("ucm21").prepare(real_data, tmp_path, 32)
    assert (len(scenes), scenes.part, scenes.warnings) == (2100, None, ())
    assert np.bincount(scenes.labels()).tolist() == [100] * 21
    split = scenes.split("50/10/40", 1)
    assert (len(split.train), len(split.val), len(split.test)) == (1050, 210, 840)


def test_ucm21_as_it_is_on_disk(real_data: Path) -> None:
    report = datasets.check("ucm21", real_data)
    assert report.ok
    assert report.images - report.sizes[256, 256] == 44, "44 images are not quite 256 x 256"
    assert [group.names for group in report.duplicates] == [("airplane/airplane01.jpg", "airplane/airplane02.jpg")]


def test_nwpu45_is_a_part_with_official_lists(real_data: Path, tmp_path: Path) -> None:
    scenes = datasets.get("nwpu45").prepare(real_data, tmp_path, 32)
    assert scenes.part == "part: 10 of 45 classes, 1,000 of 31,500 images"
    assert len(scenes.class_names) == 45 and len(set(scenes.labels())) == 10
    split = scenes.split("official", 0)
    assert len(split.train) + len(split.val) + len(split.test) == 1000
    assert "30,500 of 31,500 names not on disk skipped" in split.description
    assert len(scenes.split("10/90", 0).test) == 900


def test_eurosat_is_a_part(real_data: Path, tmp_path: Path) -> None:
    scenes = datasets.get("eurosat").prepare(real_data, tmp_path, 64)
    assert scenes.part == "part: 10 of 10 classes, 2,000 of 27,000 images"
    assert scenes.images().shape == (2000, 64, 64, 3)


def test_a_finished_set_is_recognised_at_once(real_data: Path, tmp_path: Path) -> None:
    dataset = datasets.get("ucm21")
    dataset.prepare(real_data, tmp_path, 16)
    started = time.perf_counter()
    dataset.prepare(real_data, tmp_path, 16)
    assert time.perf_counter() - started < 1.0


def test_idtrees_is_complete_and_sound(real_data: Path, tmp_path: Path) -> None:
    report = datasets.check("idtrees", real_data)
    assert report.ok and report.part is None and (report.shared, report.conflicts) == (0, 0)
    dataset = datasets.get("idtrees")
    pixels = dataset.prepare(real_data, tmp_path, 9)
    assert pixels.hsi().shape == (120, 408, 369) and pixels.hsi().dtype == np.int16 and pixels.not_finite == 0
    assert pixels.warnings == () and len(pixels.class_names) == 12
    assert pixels.filled().mean() == pytest.approx(0.3056, abs=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_idtrees_validates_on_plots_of_its_own(real_data: Path, seed: int) -> None:
    survey = datasets.get("idtrees").survey(real_data)
    truth = survey.source.ground_truth
    split = spatial_split.choose("official", truth, survey.source.names, survey.blocks, seed)
    assert len(split.test) == 10_659 and len(split.train) + len(split.val) == 9_900
    plots = survey.blocks.indices((120, 408))
    train, val, test = (set(plots.flat[part]) for part in (split.train, split.val, split.test))
    assert not train & val and not train & test and not val & test
    missing = [warning for warning in split.warnings if "validation" in warning]
    assert missing == ["No validation pixel of: Liriodendron tulipifera."], "it stands in one training plot"


def test_twenty_two_pairs_beside_each_other(real_data: Path, tmp_path: Path) -> None:
    root = real_data / "change"
    changes = datasets.get("change-folder").prepare(root, tmp_path, 64)
    assert isinstance(changes, Changes)
    assert (changes.pictures, changes.tiles, changes.channels) == (22, 400, 3)
    assert any(warning.startswith(f"Landsat-CD in {root} has no layout") for warning in changes.warnings)
    names = changes.names()
    for seed in range(3):
        split = changes.split("official", seed)
        assert [len(part) for part in (split.train, split.val, split.test)] == [224, 32, 144]
        assert "parts by names (11 pictures); 70/10/20 by whole picture" in split.description
        assert (
            "11 pictures (224 tiles) train, 2 pictures (32 tiles) val, 8 pictures (144 tiles) test" in split.description
        )
        assert split.warnings == ("The test part has 8 pictures, fewer than 30: too few to rank compressors.",)
        own = [
            {names[picture] for picture in changes.picture_of()[part]} for part in (split.train, split.val, split.test)
        ]
        assert "LEVIR-CD-512-sample/test/train_645_512_1024_512_1024" in own[0], "its name comes before its folder"
        assert {"LEVIR-CD-samples/test_2_0000_0000", "LEVIR-CD-samples/test_2_0000_0512"} <= own[2]


def test_the_crops_of_one_real_picture_share_a_part_under_percentages(real_data: Path, tmp_path: Path) -> None:
    changes = datasets.get("change-folder").prepare(real_data / "change", tmp_path, 256)
    assert isinstance(changes, Changes)
    crops = [changes.names().index(f"LEVIR-CD-samples/test_2_0000_{left}") for left in ("0000", "0512")]
    tiles = np.flatnonzero(np.isin(changes.picture_of(), crops))
    for seed in range(20):
        split = changes.split("redrawn:50/25/25", seed)
        assert sum(bool(np.isin(tiles, part).any()) for part in (split.train, split.val, split.test)) == 1


def test_taizhou_is_dealt_in_blocks(real_data: Path, tmp_path: Path) -> None:
    changes = datasets.get("landsat-change").prepare(real_data / "change", tmp_path, 16)
    assert isinstance(changes, Changes)
    assert changes.counts().sum(0).tolist() == [17_163, 4_227]
    assert (changes.tiles, changes.channels) == (365, 6)
    split = changes.split("official", 0)
    assert sorted([*split.train, *split.val, *split.test]) == list(range(365))
    assert all((changes.counts()[part].sum(0) > 0).all() for part in (split.train, split.val, split.test))
