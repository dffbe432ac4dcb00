"""The real images, where they stand (RSBENCH_TEST_DATA or ../shared/data)."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from rsbench import datasets
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
