"""Data sets found before planning, and incomplete ones refused where that was asked for."""

from __future__ import annotations

import re
from pathlib import Path

import mat_scenes
import pytest

from rsbench.datasets import DATASETS, PixelDataset, get
from rsbench.datasets.scenes.class_folders import ClassFolderDataset
from rsbench.errors import RsbenchError
from rsbench.planning.job import find_datasets

RELEASES = [name for name in DATASETS if issubclass(DATASETS[name], ClassFolderDataset)]


@pytest.mark.parametrize("name", RELEASES)
def test_part_of_a_release_is_refused_only_where_that_was_asked_for(name: str, tmp_path: Path) -> None:
    dataset = get(name)
    assert isinstance(dataset, ClassFolderDataset)
    folder = tmp_path / dataset.folders[0] / dataset.class_names[-1]
    folder.mkdir(parents=True)
    (folder / "a.jpg").write_bytes(b"surveys read no picture")
    part = f"part: 1 of {len(dataset.class_names)} classes, 1 of {dataset.images:,} images"
    assert find_datasets([name], tmp_path, strict=False)[name].survey.part == part
    with pytest.raises(RsbenchError, match=re.escape(part) + r".*--strict-data was asked for.*data fetch"):
        find_datasets([name], tmp_path, strict=True)


@pytest.mark.parametrize("layout", mat_scenes.LAYOUTS)
def test_a_scene_of_another_size_is_refused_only_where_that_was_asked_for(layout: str, tmp_path: Path) -> None:
    name, write = mat_scenes.LAYOUTS[layout]
    write(tmp_path, mat_scenes.made(channels=2), mat_scenes.save5)
    dataset = get(name)
    assert isinstance(dataset, PixelDataset)
    survey = find_datasets([name], tmp_path, strict=False)[name].survey
    if dataset.shape is None:
        assert survey.part is None and find_datasets([name], tmp_path, strict=True)
        return
    with pytest.raises(RsbenchError, match=r"24 x 40 x 6.*--strict-data was asked for"):
        find_datasets([name], tmp_path, strict=True)


def test_complete_data_pass_a_strict_check(tmp_path: Path) -> None:
    located = find_datasets(["synthetic", "synthetic-htd"], tmp_path, strict=True)
    assert [data.survey.part for data in located.values()] == [None, None]


def test_what_is_missing_is_named_with_what_could_be_run(tmp_path: Path) -> None:
    with pytest.raises(RsbenchError, match=r"\"ucm21\".*Neither can be used: trento\. .*--dataset synthetic\."):
        find_datasets(["synthetic", "ucm21", "trento"], tmp_path, strict=False)
