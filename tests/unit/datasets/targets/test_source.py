"""How many pixels train and validate."""

from __future__ import annotations

import pytest

from rsbench.datasets.targets.source import background_count, validation_count


@pytest.mark.parametrize("pixels", [2, 20, 1296, 1_350_240])
def test_some_background_trains_and_some_validates(pixels: int) -> None:
    assert 1 <= validation_count(pixels) <= background_count(pixels) < pixels
