"""Names beside points: near to them, inside, and never one over another."""

from __future__ import annotations

import itertools
import random

from rsbench.reports.html.labels import LINE, Box, places_of, spread_apart

ROOM = Box(0, 0, 300, 220)


def test_names_do_not_overlap_and_cover_no_point() -> None:
    for seed in range(20):
        draw = random.Random(seed)
        points = [(draw.choice((80.0, 160.0, 240.0)), draw.uniform(60, 200)) for _ in range(24)]
        markers = [Box(x - 5, y - 5, x + 5, y + 5) for x, y in points]
        places = places_of(points[:9], [60.0] * 9, ROOM, markers)
        boxes = [place for place in places if place is not None]
        assert len(boxes) == 9
        assert not any(one.meets(other) for one, other in itertools.combinations(boxes, 2))
        assert not any(box.meets(marker) for box in boxes for marker in markers)
        assert all(ROOM.holds(box) for box in boxes)


def test_a_name_stands_left_of_a_point_that_has_room() -> None:
    (place,) = places_of([(150, 100)], [40.0], ROOM, [Box(145, 95, 155, 105)])
    assert place == Box(102, 100 - LINE / 2, 142, 100 + LINE / 2)


def test_a_name_without_room_has_no_place() -> None:
    assert places_of([(5, 5)], [40.0], Box(0, 0, 10, 10), []) == [None]


def test_ends_of_lines_keep_their_order_and_a_gap() -> None:
    places = spread_apart([50, 51, 10, 52], 12, 0, 100)
    assert places == [50, 62, 10, 74]
    crowded = spread_apart([99, 98, 97], 12, 0, 100)
    assert crowded == [100, 88, 76]
    assert spread_apart([1, 2, 3], 80, 0, 100) == [0, 50, 100], "a smaller gap where there is no room"
    assert spread_apart([], 12, 0, 100) == []
