"""Pictures of scenes: every pixel in its colour, single ones visible."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rsbench.tasks.maps import class_colours, draw_classes, draw_scores


def test_a_map_shows_each_pixel_in_its_colour(tmp_path: Path) -> None:
    truth = np.zeros((30, 20), dtype=np.int16)
    truth[:10], truth[10:20] = 1, 2
    draw_classes(tmp_path / "m.png", np.where(truth == 1, 2, truth), truth, ("field", "lake"), "a title")
    page = np.asarray(Image.open(tmp_path / "m.png")).astype(int)
    assert page.shape[1] >= 600, "enlarged"
    shares = [(page == colour).all(axis=2).sum() for colour in class_colours(2)]
    factor = 16
    assert shares[0] == pytest.approx(200 * factor**2, rel=0.01) and shares[1] == pytest.approx(
        600 * factor**2, rel=0.01
    )


def test_colours_are_distinct() -> None:
    colours = np.array(class_colours(20))
    apart = np.abs(colours[:, None] - colours[None]).sum(axis=2) + 999 * np.eye(20, dtype=int)
    assert apart.min() > 40


@pytest.mark.parametrize(("side", "drawn"), [(40, 320), (320, 320), (900, 300)])
def test_single_pixels_stay_visible_at_any_size(side: int, drawn: int, tmp_path: Path) -> None:
    scores = np.zeros((side, side))
    scores[side // 3, side // 2] = 1
    draw_scores(tmp_path / "map.png", {"a": scores, "b": scores * 0})
    with Image.open(tmp_path / "map.png") as page:
        assert page.size == (12 + 2 * (drawn + 12), drawn + 18 + 24)
        first = np.asarray(page)[30 : 30 + drawn, 12 : 12 + drawn].astype(int).sum(2)
        assert (first > 600).sum() == max(1, drawn // side) ** 2
