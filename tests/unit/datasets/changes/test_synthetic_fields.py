"""Made-up fields."""

from __future__ import annotations

import numpy as np

from rsbench.datasets.changes.synthetic_fields import draw


def test_a_pair_is_the_same_for_the_same_number() -> None:
    for one, other in zip(draw(1, 2, 64), draw(1, 2, 64), strict=True):
        assert np.array_equal(one, other)
    assert not np.array_equal(draw(1, 2, 64).before, draw(1, 3, 64).before)


def test_marked_pixels_differ_more_than_the_light_does() -> None:
    inside, outside = [], []
    for number in range(20):
        before, after, labels = draw(0, number, 64)
        difference = np.abs(before.astype(float) - after).mean(axis=2)
        inside.append(difference[labels == 1].mean() if labels.any() else np.nan)
        outside.append(difference[labels == 0].mean())
    assert np.nanmean(inside) > 2 * np.mean(outside) > 2
