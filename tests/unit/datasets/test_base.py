"""What releases declare, for plans on machines without them."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsbench import datasets
from rsbench.errors import RsbenchError
from rsbench.planning.job import find_datasets


@pytest.mark.parametrize(
    ("name", "split", "train"),
    [
        ("ucm21", "official", 1_260),
        ("nwpu45", "official", 18_900),
        ("eurosat", "official", 16_200),
        ("ucm21", "80/10/10", 1_680),
        ("nwpu45", "20/80", 45 * 126),
        ("houston2013", "official", 2_549),
        ("muufl", "official", 10_737),
        ("trento", "50/10/40", 15_107),
        ("trento", "random:10/90", 2_719),
    ],
)
def test_training_samples_of_a_declared_release(name: str, split: str, train: int) -> None:
    survey = datasets.get(name).declared(Path("data"))
    assert survey is not None and survey.train_samples(split, 0) == train


def test_networks_are_built_for_what_is_declared() -> None:
    scenes, pixels = (datasets.get(name).declared(Path("data")) for name in ("ucm21", "augsburg"))
    assert scenes is not None and scenes.inputs == {"classes": 21}
    assert pixels is not None and pixels.inputs == {"classes": 7, "hsi_bands": 180, "aux_channels": 4}
    targets = datasets.get("muufl-target").declared(Path("data"))
    assert targets is not None and targets.inputs == {"bands": 72}


@pytest.mark.parametrize("name", ["imagefolder", "multimodal-mat"])
def test_a_set_whose_files_decide_cannot_be_planned_without_them(name: str, tmp_path: Path) -> None:
    assert datasets.get(name).declared(tmp_path) is None
    with pytest.raises(RsbenchError, match="was not found"):
        find_datasets([name], tmp_path, strict=False, planned=True)


def test_declared_sizes_are_for_plans_only(tmp_path: Path) -> None:
    assert not find_datasets(["ucm21"], tmp_path, strict=False, planned=True)["ucm21"].is_on_disk
    with pytest.raises(RsbenchError, match="was not found"):
        find_datasets(["ucm21"], tmp_path, strict=False)


def test_damaged_files_are_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "UCMerced_LandUse.rar").write_bytes(b"Rar!")
    with pytest.raises(RsbenchError, match="RAR archive"):
        find_datasets(["ucm21"], tmp_path, strict=False, planned=True)
