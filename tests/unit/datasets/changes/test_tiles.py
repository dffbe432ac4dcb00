"""Pictures cut into tiles."""

from __future__ import annotations

import numpy as np

from rsbench.datasets.changes.tiles import UNKNOWN, cut, taken


def test_tiles_cover_each_picture_once_and_know_whose_they_are() -> None:
    tiles = cut([(16, 24), (8, 8)], [5, 3], 8)
    assert len(tiles) == 7
    assert tiles.picture.tolist() == [0] * 6 + [1]
    assert tiles.origin.tolist() == [5] * 6 + [3]
    assert tiles.places.tolist() == [[0, 0], [0, 8], [0, 16], [8, 0], [8, 8], [8, 16], [0, 0]]


def test_tiles_at_a_border_reach_over_it() -> None:
    assert cut([(9, 8)], [0], 8).places.tolist() == [[0, 0], [8, 0]]


def test_beyond_the_border_a_picture_is_mirrored_and_a_label_unknown() -> None:
    picture = np.arange(12, dtype=np.uint8).reshape(3, 4, 1)
    tile = taken(picture, 2, 2, 4)
    assert tile[:, :, 0].tolist() == [[10, 11, 11, 10]] * 4
    label = taken(picture[:, :, 0], 2, 2, 4, UNKNOWN)
    assert label.tolist() == [[10, 11, 255, 255]] + [[255] * 4] * 3


def test_a_tile_inside_is_a_view_of_the_picture() -> None:
    picture = np.zeros((8, 8, 3))
    assert taken(picture, 4, 0, 4).base is picture
