"""Plots with fill between them: how far apart the parts of splits are at the default patch size."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from rsbench.datasets import DATASETS
from rsbench.datasets.pixels.dataset import PixelDataset
from rsbench.datasets.pixels.idtrees import IDTReeS
from rsbench.datasets.pixels.label_maps import GroundTruth
from rsbench.datasets.pixels.spatial_split import choose

SHAPE, RADIUS = (120, 408), IDTReeS.image_size // 2


def plots() -> tuple[GroundTruth, NDArray[np.bool_]]:
    """85 plots of 20 x 20 px, six crowns each, and where there is fill; every second plot is in the training list."""
    rng = np.random.default_rng(0)
    labels = np.zeros(SHAPE, dtype=np.int16)
    rows, columns = np.indices(SHAPE)
    for row, column, _ in np.ndindex(5, 17, 6):
        y, x = 24 * row + rng.integers(0, 18), 24 * column + rng.integers(0, 18)
        labels[y : min(y + 5, 24 * row + 20), x : min(x + 5, 24 * column + 20)] = rng.integers(1, 6)
    trains = (rows // 24 + columns // 24) % 2 == 0
    lists = {"train": np.flatnonzero(np.where(trains, labels, 0)), "test": np.flatnonzero(np.where(trains, 0, labels))}
    return GroundTruth(labels_HW=labels, lists=lists, note="maps"), (rows % 24 >= 20) | (columns % 24 >= 20)


def apart(one: NDArray[np.int64], other: NDArray[np.int64]) -> int:
    """The least distance of two parts in rows or columns, whichever is larger, by brute force."""
    points = [np.column_stack(np.unravel_index(part, SHAPE)) for part in (one, other)]
    return int(cKDTree(points[0]).query(points[1], p=np.inf)[0].min())


def covered(part: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which pixels stand in the patch of some pixel of a part."""
    seen = np.zeros((SHAPE[0] + 2 * RADIUS, SHAPE[1] + 2 * RADIUS), dtype=bool)
    for row, column in np.column_stack(np.unravel_index(part, SHAPE)):
        seen[row : row + 2 * RADIUS + 1, column : column + 2 * RADIUS + 1] = True
    return seen[RADIUS:-RADIUS, RADIUS:-RADIUS]


@pytest.mark.parametrize("name", [name for name, kind in DATASETS.items() if issubclass(kind, PixelDataset)])
def test_the_margin_of_blocks_is_made_for_the_default_patch(name: str) -> None:
    kind = DATASETS[name]
    assert issubclass(kind, PixelDataset)
    assert kind.blocks.margin >= 2 * (kind.image_size // 2)


@pytest.mark.parametrize("split", ["20/10/70", "50/10/40", "redrawn:80/20"])
def test_default_patches_of_parts_that_are_drawn_do_not_overlap(split: str) -> None:
    truth, _ = plots()
    drawn = choose(split, truth, tuple("abcde"), IDTReeS.blocks, 1)
    assert drawn.warnings == ()
    pairs = ((drawn.train, drawn.test), (drawn.val, drawn.test), (drawn.train, drawn.val))
    assert min(apart(*pair) for pair in pairs) > 2 * RADIUS
    kept = sum(map(len, (drawn.train, drawn.val, drawn.test)))
    assert kept > 0.7 * np.count_nonzero(truth.labels_HW), "the margin costs few pixels"


def test_default_patches_of_the_official_lists_share_nothing_but_fill() -> None:
    truth, is_fill = plots()
    assert truth.lists is not None
    split = choose("official", truth, tuple("abcde"), IDTReeS.blocks, 0)
    assert np.array_equal(split.test, truth.lists["test"])
    assert np.array_equal(np.union1d(split.train, split.val), truth.lists["train"]), "no pixel of the lists is lost"
    assert not any("leaks" in warning or "overlap" in warning for warning in split.warnings)
    shared = covered(split.train) & covered(split.test)
    assert shared.any() and not (shared & ~is_fill).any()
