"""``data check`` of a scene: values, and pixels in both lists."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import mat_scenes
import numpy as np

from rsbench.datasets import check, get

FLAT = mat_scenes.made()


def test_a_sound_scene_passes_the_check(tmp_path: Path) -> None:
    mat_scenes.mmrs(tmp_path, FLAT)
    report = check("idtrees", tmp_path)
    text = "\n".join(report.sentences())
    assert report.ok and "HSI, 24 x 40 x 6, int16" in text and "No pixel stands in two parts." in text
    assert report.class_counts["Pinus palustris"]["labelled"] == np.count_nonzero(FLAT.labels == 1)


def test_the_check_finds_pixels_in_both_lists_and_other_labels(tmp_path: Path) -> None:
    train = FLAT.train.copy()
    shared = np.flatnonzero(FLAT.test)[:5]
    train.flat[shared] = 1 + FLAT.test.flat[shared] % 3
    mat_scenes.mmrs(tmp_path, replace(FLAT, train=train))
    report = check("idtrees", tmp_path)
    assert (report.shared, report.conflicts, report.ok) == (5, 5, False)
    split = get("idtrees").prepare(tmp_path, tmp_path / "c", 5).split("official", 0)
    assert not set(split.train) & set(split.test) and any("they only test" in warning for warning in split.warnings)
