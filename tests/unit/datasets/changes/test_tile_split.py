"""Whole pictures and blocks go to parts, single tiles never."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rsbench.datasets.changes.tile_split import Origins, split_tiles
from rsbench.datasets.changes.tiles import Tiles, cut
from rsbench.errors import RsbenchError


def pictures(count: int, *, side: int = 32) -> Tiles:
    return cut([(side, side)] * count, range(count), 16)


def untold(count: int) -> Origins:
    return Origins(parts=("",) * count, strata=(0,) * count)


@pytest.mark.parametrize("split", ["official", "50/20/30", "60/40", "redrawn:50/20/30"])
@pytest.mark.parametrize("seed", [0, 1])
def test_all_tiles_of_a_picture_share_a_part(split: str, seed: int) -> None:
    tiles = pictures(40)
    parts = split_tiles(tiles, untold(40), split, seed)
    owners = [set(tiles.origin[part].tolist()) for part in (parts.train, parts.val, parts.test)]
    assert not owners[0] & owners[1] and not owners[0] & owners[2] and not owners[1] & owners[2]
    assert sorted([*parts.train, *parts.val, *parts.test]) == list(range(160))


def test_all_seeds_test_on_the_same_pictures_and_train_on_others() -> None:
    one, other = (split_tiles(pictures(40), untold(40), "official", seed) for seed in (0, 1))
    assert np.array_equal(one.test, other.test) and not np.array_equal(one.train, other.train)
    redrawn = [split_tiles(pictures(40), untold(40), "redrawn:70/10/20", seed).test for seed in (0, 1)]
    assert not np.array_equal(*redrawn)


def test_the_description_counts_pictures_and_tiles() -> None:
    told = Origins(parts=("train",) * 3 + ("val", "test") + ("",) * 10, strata=(0,) * 15, told="names")
    split = split_tiles(pictures(15), told, "official", 0)
    assert split.description == (
        "parts by names (5 pictures); 70/10/20 by whole picture, one test part for all seeds, train and validation "
        "drawn anew with each (10 pictures whose part nothing tells): 10 pictures (40 tiles) train, 2 pictures "
        "(8 tiles) val, 3 pictures (12 tiles) test"
    )
    assert set(split.train) >= set(range(12)) and set(split.test) >= {16, 17, 18, 19}


def test_percentages_deal_told_pictures_anew() -> None:
    told = Origins(parts=("train",) * 10, strata=(0,) * 10, told="names")
    split = split_tiles(pictures(10), told, "50/20/30", 0)
    assert [len(part) for part in (split.train, split.val, split.test)] == [20, 8, 12]


def test_without_a_validation_part_a_tenth_of_the_training_pictures_validates() -> None:
    told = Origins(parts=("train",) * 20 + ("test",) * 5, strata=(0,) * 25, told="lists")
    split = split_tiles(pictures(25), told, "official", 0)
    assert [len(part) // 4 for part in (split.train, split.val, split.test)] == [18, 2, 5]
    assert "a tenth of the training pictures validates" in split.description


def test_a_tenth_validates_where_dealing_left_no_validation_part() -> None:
    told = Origins(parts=("train",) * 9 + ("test",) * 3 + ("",), strata=(0,) * 13, told="lists")
    split = split_tiles(pictures(13), told, "official", 0)
    assert [len(part) // 4 for part in (split.train, split.val, split.test)] == [9, 1, 3]
    assert "whose part nothing tells); a tenth of the training pictures validates" in split.description


@pytest.mark.parametrize(("tests", "warns"), [(29, True), (30, False)])
def test_few_test_pictures_rank_no_compressor(tests: int, warns: bool) -> None:
    told = Origins(parts=("train", "val") + ("test",) * tests, strata=(0,) * (tests + 2), told="names")
    warnings = split_tiles(pictures(tests + 2), told, "official", 0).warnings
    sentence = f"The test part has {tests} pictures, fewer than 30: too few to rank compressors."
    assert warnings == ((sentence,) if warns else ())


def test_each_group_gets_its_shares() -> None:
    origins = Origins(parts=("",) * 20, strata=(0,) * 10 + (1,) * 10)
    split = split_tiles(pictures(20), origins, "official", 0)
    owners = pictures(20).origin[split.test]
    assert len(set(owners[owners < 10])) == len(set(owners[owners >= 10])) == 2


@pytest.mark.parametrize(
    ("parts", "split", "words"),
    [
        ("aa", "random:50/20/30", "would put tiles of one picture into two parts: leave random: out"),
        ("aa", "50/50/50", 'The split "50/50/50" is not understood'),
        (
            ("train", "val", "val"),
            "official",
            "No picture tests (parts by names (3 pictures): 1 picture (4 tiles) train, 2 pictures (8 tiles) val, "
            "0 pictures (0 tiles) test): choose percentages such as --split 70/10/20, or add pictures.",
        ),
        (("", ""), "official", "2 pictures cannot be dealt to three parts: add pictures."),
        (("train",), "70/10/20", "1 picture cannot be dealt to three parts: add pictures."),
    ],
)
def test_splits_that_cannot_be_had_are_refused(parts: tuple[str, ...], split: str, words: str) -> None:
    told = Origins(parts=tuple(parts), strata=(0,) * len(parts), told="names")
    with pytest.raises(RsbenchError) as caught:
        split_tiles(pictures(len(parts)), told, split, 0)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("lacking", "words"),
    [(0, "No training pixel is changed"), (2, "No test pixel is changed"), (1, None)],
)
def test_parts_without_change_are_refused_or_told(lacking: int, words: str | None) -> None:
    told = Origins(parts=("train", "val", "test"), strata=(0, 0, 0), told="names")
    counts = np.full((12, 2), 128)
    counts[4 * lacking : 4 * lacking + 4] = (256, 0)
    tiles = replace(pictures(3), counts=counts)
    if words is None:
        assert any("No validation pixel is changed" in one for one in split_tiles(tiles, told, "official", 0).warnings)
        return
    with pytest.raises(RsbenchError, match=words):
        split_tiles(tiles, told, "official", 0)
