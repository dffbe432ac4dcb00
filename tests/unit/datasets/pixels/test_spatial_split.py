"""Splits of a scene: disjoint in space, balanced by class, the same for the same seed."""

from __future__ import annotations

import mat_scenes
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from rsbench.datasets.pixels.label_maps import GroundTruth
from rsbench.datasets.pixels.muufl import MUUFL
from rsbench.datasets.pixels.spatial_split import BlockGrid, choose, near
from rsbench.datasets.split import Split
from rsbench.errors import RsbenchError
from rsbench.recipe.split import check_split

NAMES = ("field", "lake", "road")
SCENE = mat_scenes.made(160, 240, 1, field=10)
GROUND = GroundTruth(labels_HW=SCENE.labels.astype(np.int16), lists=None)
LISTED = GroundTruth(
    labels_HW=GROUND.labels_HW,
    lists={"train": np.flatnonzero(SCENE.train), "test": np.flatnonzero(SCENE.test)},
    note="maps",
)
BLOCKS = BlockGrid(side=40, margin=8)


def counts(split: Split) -> NDArray[np.int64]:
    """[3 parts, classes] pixels."""
    labels = GROUND.labels_HW
    return np.array([np.bincount(labels.flat[part], minlength=4)[1:] for part in (split.train, split.val, split.test)])


def within(a: NDArray[np.int64], b: NDArray[np.int64], distance: int) -> bool:
    """Whether any pixel of ``a`` has one of ``b`` within some rows and columns, shift by shift."""
    masks = np.zeros((2, *(length + 2 * distance for length in GROUND.labels_HW.shape)), dtype=bool)
    for mask, flat in zip(masks, (a, b), strict=True):
        rows, columns = np.unravel_index(flat, GROUND.labels_HW.shape)
        mask[rows + distance, columns + distance] = True
    steps = range(-distance, distance + 1)
    return any((masks[0] & np.roll(masks[1], (down, right), (0, 1))).any() for down in steps for right in steps)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("split", ["50/10/40", "60/40", "10/90", "official", "redrawn:50/10/40"])
def test_margins_hold(split: str, seed: int) -> None:
    drawn = choose(split, GROUND, NAMES, BLOCKS, seed)
    parts = (drawn.train, drawn.val, drawn.test)
    assert not drawn.warnings and drawn.description.count("within 8 px") == 2
    for at, part in enumerate(parts):
        assert not within(part, np.concatenate([*parts[:at], *parts[at + 1 :]]), 8)
    assert (counts(drawn) > 0).all(), "no class is lost to a margin"


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("split", ["official", "50/10/40", "80/20", "random:50/10/40"])
def test_no_test_pixel_of_one_seed_trains_or_validates_under_another(split: str, seed: int) -> None:
    drawn, other = (choose(split, GROUND, NAMES, BLOCKS, number) for number in (seed, seed + 1))
    assert np.array_equal(drawn.test, other.test)
    assert not np.array_equal(drawn.val, other.val)
    assert "one test part for all seeds" in drawn.description


@pytest.mark.parametrize("split", ["redrawn:50/10/40", "redrawn:random:50/10/40"])
def test_redrawn_lets_the_seed_draw_the_test_pixels(split: str) -> None:
    first, again, other = (choose(split, GROUND, NAMES, BLOCKS, seed) for seed in (1, 1, 2))
    assert np.array_equal(first.test, again.test) and not np.array_equal(first.test, other.test)
    assert "all three parts drawn anew with each seed" in first.description


def test_blocks_use_every_labelled_pixel_that_no_margin_takes() -> None:
    whole = choose("50/10/40", GROUND, NAMES, BlockGrid(side=40, margin=0), 0)
    everything = np.sort(np.concatenate([whole.train, whole.val, whole.test]))
    assert np.array_equal(everything, np.flatnonzero(GROUND.labels_HW))


@pytest.mark.parametrize("share", [1.0, 0.3])
@pytest.mark.parametrize(("height", "width", "field"), [(325, 220, 4), (325, 220, 12), (166, 600, 12)])
def test_the_default_margin_holds_at_the_sizes_of_muufl_and_trento(
    height: int, width: int, field: int, share: float
) -> None:
    """Field-like and scattered labels; ``tests/programs/margin.py`` tries more."""
    rng = np.random.default_rng(3)
    fields = np.stack([gaussian_filter(rng.normal(size=(height, width)), field) for _ in range(8)])
    labels = (fields.argmax(0) + 1).astype(np.int16)
    labels[rng.random(labels.shape) > share] = 0
    truth = GroundTruth(labels_HW=labels, lists=None)
    for seed in range(2):
        drawn = choose("20/10/70", truth, tuple("abcdefgh"), MUUFL.blocks, seed)
        assert not drawn.warnings
        for one, other in ((drawn.train, drawn.test), (drawn.val, drawn.test), (drawn.train, drawn.val)):
            assert not near(one, labels.shape, 2 * (MUUFL.image_size // 2)).flat[other].any()
        shares = np.array([len(drawn.train), len(drawn.val), len(drawn.test)]) / np.count_nonzero(labels)
        np.testing.assert_allclose(shares, (0.2, 0.13, 0.4), atol=0.06)


@pytest.mark.parametrize("seed", range(4))
def test_shares_hold_for_every_class(seed: int) -> None:
    pixels = counts(choose("50/10/40", GROUND, NAMES, BlockGrid(side=20, margin=0), seed))
    np.testing.assert_allclose(pixels / pixels.sum(axis=0), np.array([[0.5], [0.1], [0.4]]) * np.ones(3), atol=0.12)


def test_patches_of_up_to_9_px_do_not_overlap_where_the_scene_has_room() -> None:
    drawn = choose("50/10/40", GROUND, NAMES, BLOCKS, 0)
    assert not drawn.warnings and "within 8 px" in drawn.description


@pytest.mark.parametrize("truth", [GROUND, LISTED])
def test_the_words_name_the_blocks_that_were_cut(truth: GroundTruth) -> None:
    """A quarter of the shorter side, 160 px, where that is less than what is asked."""
    wide = BlockGrid(side=64, margin=8)
    assert wide.indices((160, 240)).max() + 1 == 4 * 6
    split = "official" if truth.lists else "50/10/40"
    assert "in blocks of 40 px" in choose(split, truth, NAMES, wide, 0).description


def test_the_seed_decides() -> None:
    first, again, other = (choose("50/10/40", GROUND, NAMES, BLOCKS, seed) for seed in (1, 1, 2))
    assert np.array_equal(first.train, again.train) and not np.array_equal(first.train, other.train)


def test_a_class_in_few_blocks_trains_first_and_is_told() -> None:
    labels = GROUND.labels_HW.copy()
    labels[labels == 3] = 0
    labels[:9, :9] = 3
    one = choose("20/10/70", GroundTruth(labels_HW=labels, lists=None), NAMES, BlockGrid(side=20, margin=0), 0)
    assert np.bincount(labels.flat[one.train])[3] == 81
    assert one.warnings == ("No validation pixel of: road.", "No test pixel of: road.")
    labels[100:105, 100:105] = 3
    two = choose("20/10/70", GroundTruth(labels_HW=labels, lists=None), NAMES, BlockGrid(side=20, margin=0), 0)
    assert {np.bincount(labels.flat[part])[3] for part in (two.train, two.test)} == {81, 25}
    assert two.warnings == ("No validation pixel of: road.",)


def test_a_margin_that_costs_too_much_is_halved_and_told() -> None:
    drawn = choose("50/10/40", GROUND, NAMES, BlockGrid(side=10, margin=8), 0)
    assert drawn.warnings == (
        "Patches of training or validation and test pixels overlap where blocks meet: the margin is 4 px, as a full "
        "one of 8 px would cost a class or more than half of the pixels.",
    )
    assert not within(drawn.train, drawn.test, 4) and within(drawn.train, drawn.test, 5)


@pytest.mark.parametrize("seed", range(3))
def test_official_lists_stand_and_validation_comes_out_of_train_in_blocks(seed: int) -> None:
    drawn = choose("official", LISTED, NAMES, BlockGrid(side=20, margin=4), seed)
    assert np.array_equal(drawn.test, np.flatnonzero(SCENE.test))
    assert set(drawn.train) | set(drawn.val) <= set(np.flatnonzero(SCENE.train))
    assert not within(drawn.train, drawn.val, 4)
    assert 0.04 < len(drawn.val) / np.count_nonzero(SCENE.train) < 0.25
    assert (counts(drawn) > 0).all()
    assert any("the official split leaks" in warning for warning in drawn.warnings), "fields of the two lists touch"


def test_random_pixels_are_drawn_with_a_warning() -> None:
    drawn = choose("random:50/10/40", GROUND, NAMES, BLOCKS, 0)
    labelled = np.count_nonzero(GROUND.labels_HW)
    assert [len(part) for part in (drawn.train, drawn.val)] == pytest.approx([labelled * 0.5, labelled * 0.1], abs=3)
    assert within(drawn.train, drawn.test, 1)
    assert "patches of training and test pixels overlap" in drawn.description
    assert "higher than on new ground" in drawn.warnings[0]


@pytest.mark.parametrize(
    "split",
    ["official", "50/10/40", "20/80", "random:50/10/40", "random:5/95", "redrawn:50/10/40", "redrawn:random:5/95"],
)
def test_texts_that_a_cell_takes_are_understood(split: str) -> None:
    check_split(split)
    assert len(choose(split, GROUND, NAMES, BLOCKS, 0).train)


@pytest.mark.parametrize(
    "split",
    ["half", "50/60", "random:", "random:official", "blocks:50/10/40", "redrawn:official", "random:redrawn:5/95"],
)
def test_other_texts_are_refused(split: str) -> None:
    with pytest.raises(RsbenchError, match="split"):
        check_split(split)
    with pytest.raises(RsbenchError, match="not understood"):
        choose(split, GROUND, NAMES, BLOCKS, 0)


def test_too_few_labelled_pixels_are_refused() -> None:
    labels = np.zeros((40, 40), dtype=np.int16)
    labels[0, :2] = (1, 2)
    with pytest.raises(RsbenchError, match="leaves a part empty"):
        choose("50/10/40", GroundTruth(labels_HW=labels, lists=None), NAMES, BLOCKS, 0)
    with pytest.raises(RsbenchError, match="negative"):
        choose("50/10/40", GROUND, NAMES, BLOCKS, -1)


def test_near_is_a_square() -> None:
    close = near(np.array([3 * 9 + 4]), (8, 9), 2)
    wanted = np.zeros((8, 9), dtype=bool)
    wanted[1:6, 2:7] = True
    assert np.array_equal(close, wanted)
