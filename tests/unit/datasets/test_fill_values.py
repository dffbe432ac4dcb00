"""Values that stand for missing data are found, and values that are only large are not."""

from __future__ import annotations

import numpy as np
import pytest

from rsbench.datasets.fill_values import Extremes, FillValue

HEIGHTS = np.random.default_rng(0).normal(20, 8, (600, 1)).astype(np.float32)


def found(pixels_NC: np.ndarray, pieces: int = 7) -> list[tuple[float, int]]:
    extremes = Extremes()
    for piece in np.array_split(pixels_NC, pieces):
        extremes.add(piece)
    return [(fill.value, fill.pixels) for fill in extremes.fill_values()]


@pytest.mark.parametrize("value", [-9999, -99999, -32768, 65535, 1e10, -1e20, 3.4028235e38, -3.4028235e38])
@pytest.mark.parametrize("count", [1, 60, 400])
def test_usual_values_for_missing_data_are_found(value: float, count: int) -> None:
    pixels = HEIGHTS.copy()
    pixels[100 : 100 + count] = value
    assert found(pixels) == [(np.float32(value), count)]


def test_several_at_once_on_both_sides_are_found() -> None:
    pixels = HEIGHTS.copy()
    pixels[:3], pixels[3:9], pixels[9:10], pixels[400:] = -9999, -9998, -3e38, 1e10
    assert sorted(found(pixels)) == [(np.float32(-3e38), 1), (-9999, 3), (-9998, 6), (np.float32(1e10), 200)]


def test_whole_numbers_reflectances_and_fill_in_some_bands_are_found() -> None:
    cube = np.random.default_rng(1).integers(100, 9000, (500, 12)).astype(np.int16)
    cube[:20], cube[30, 4] = -9999, -9999
    assert found(cube) == [(-9999, 21)]
    radiance = np.random.default_rng(1).integers(100, 9000, (500, 12)).astype(np.uint16)
    radiance[5:8, 3] = 65535
    assert found(radiance) == [(65535, 3)]


def test_values_that_are_no_number_play_no_part() -> None:
    pixels = HEIGHTS.copy()
    pixels[:4], pixels[4:6], pixels[6:8] = np.nan, np.inf, -9999
    assert found(pixels) == [(-9999, 2)]
    assert found(np.full((5, 2), np.nan)) == []


@pytest.mark.parametrize(
    "pixels",
    [
        HEIGHTS,
        np.random.default_rng(2).lognormal(0, 2, (5000, 2)),
        np.random.default_rng(3).standard_cauchy((300, 1)).clip(-50, 50),
        np.where(np.arange(40) > 30, 1.0, 0.0)[:, None],
        np.zeros((9, 3)),
        np.arange(300, dtype=np.uint8)[:, None],
        np.r_[np.random.default_rng(4).integers(300, 20_000, 900), [20_500] * 30][:, None],
        np.zeros((0, 4)),
    ],
    ids=["heights", "backscatter", "clipped", "mask", "constant", "bytes", "saturated", "nothing"],
)
def test_sound_data_are_left_alone(pixels: np.ndarray) -> None:
    assert found(pixels) == []


def test_the_sentence_names_value_range_and_pixels() -> None:
    fill = FillValue(value=1e10, pixels=1200, low=-4.5, high=14.25)
    assert str(fill) == "the value 1e+10, far from all others (-4.5 to 14.25), fills 1,200 pixels"
