"""What names of pictures say."""

from __future__ import annotations

import pytest

from rsbench.datasets.changes.part_names import read_name


@pytest.mark.parametrize(
    ("stem", "part", "picture", "is_crop"),
    [
        ("train_36", "train", "train_36", False),
        ("train_36_0512_0512", "train", "train_36", True),
        ("train_645_512_1024_512_1024", "train", "train_645", True),
        ("Val_27_0000_0256", "val", "val_27", True),
        ("test_2_0000_0512", "test", "test_2", True),
        ("city_0000_0512", "", "city", True),
        ("north_east_0_256", "", "north_east", True),
        ("north_0_64", "", "north", True),
        ("north_64_96", "", "north", True),
        ("7_4", "", "7", True),
        ("7_9", "", "7", True),
        ("7_10", "", "7", True),
        ("7_100", "", "7", True),
        ("town_10_12", "", "town_10_12", False),
        ("00012", "", "00012", False),
        ("city_12", "", "city_12", False),
        ("scene_2019_0731", "", "scene_2019_0731", False),
        ("trainer_36", "", "trainer_36", False),
        ("train_x", "", "train_x", False),
    ],
)
def test_names_tell_the_part_and_the_whole_picture(stem: str, part: str, picture: str, is_crop: bool) -> None:
    found = read_name(stem)
    assert (found.part, found.picture, found.is_crop) == (part, picture, is_crop)
