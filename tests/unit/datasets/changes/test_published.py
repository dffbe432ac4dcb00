"""Published sets in their layouts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rsbench import datasets
from rsbench.datasets.changes.prepared import Changes

PARTED = {
    "levir-cd": ("LEVIR-CD/{part}", ("A", "B", "label"), "{part}_{number}"),
    "dsifn": ("DSIFN-CD/{part}", ("t1", "t2", "mask"), "{number}"),
    "cdd": ("CDD/{part}", ("A", "B", "OUT"), "{number:05d}"),
    "sysu": ("SYSU-CD/{part}", ("time1", "time2", "label"), "{number:05d}"),
}
LISTED = {
    "levir-cd-256": ("LEVIR-CD-256", "{part}_{number}_0000_0256"),
    "whu-cd": ("WHU-CD", "whu_{part}{number}"),
    "dsifn": ("DSIFN-CD-256", "{part}x{number}"),
}
SIZES = {"train": 6, "val": 2, "test": 3}


def require_parts(name: str, root: Path, cache: Path) -> None:
    changes = datasets.get(name).prepare(root, cache, 16)
    assert isinstance(changes, Changes)
    split = changes.split("official", 0)
    for part, positions in (("train", split.train), ("val", split.val), ("test", split.test)):
        assert len(positions) == SIZES[part]
    assert changes.part is not None and changes.part.startswith("part: 11 of ")
    assert any(changes.part in warning for warning in changes.warnings)
    assert np.isin(changes.labels(), (0, 1)).all()


@pytest.mark.parametrize("name", PARTED)
def test_parts_in_folders(name: str, write_pairs: Callable[..., Path], tmp_path: Path) -> None:
    place, folders, stem = PARTED[name]
    for part, count in SIZES.items():
        stems = [stem.format(part=part, number=number) for number in range(count)]
        root = write_pairs(place.format(part=part), stems, folders=folders)
    require_parts(name, root, tmp_path)


@pytest.mark.parametrize("name", LISTED)
def test_parts_in_lists(name: str, write_pairs: Callable[..., Path], tmp_path: Path) -> None:
    place, stem = LISTED[name]
    for part, count in SIZES.items():
        stems = [stem.format(part=part, number=number) for number in range(count)]
        root = write_pairs(place, stems)
        (root / place / "list").mkdir(exist_ok=True)
        (root / place / "list" / f"{part}.txt").write_text("".join(f"{one}.png\n" for one in stems))
    require_parts(name, root, tmp_path)


@pytest.mark.parametrize("name", ["whu-cd", "dsifn", "cdd"])
def test_what_a_user_should_know_of_its_parts_is_a_warning(name: str, write_pairs: Callable[..., Path]) -> None:
    place = PARTED[name][0].format(part="train") if name in PARTED else "WHU-CD"
    dataset = datasets.get(name)
    assert dataset.caution in dataset.survey(write_pairs(place, ["1", "2"])).warnings  # type: ignore[attr-defined]
