"""Axes: limits, ticks and their texts."""

from __future__ import annotations

import pytest

from rsbench.reports.document.figure import Axis
from rsbench.reports.html import scales


@pytest.mark.parametrize(
    ("axis", "values", "texts"),
    [
        (Axis(title="x"), (0, 600), ["0", "200", "400", "600"]),
        (Axis(title="x", unit="%"), (70.2, 82.1), ["70", "75", "80"]),
        (Axis(title="x", unit="s"), (0, 7000), ["0", "50", "100"]),
        (Axis(title="x", unit="B", log=True), (4.5e3, 4.5e6), ["10 kB", "100 kB", "1 MB"]),
        (Axis(title="x", unit="B", log=True), (1e5, 4e5), ["100 kB", "200 kB"]),
        (Axis(title="x", log=True), (3.0, 3.0), ["2.9", "3", "3.1"]),
        (Axis(title="x"), (5.0, 5.0), ["5"]),
        (Axis(title="x", log=True), (0.0, -1.0), ["1"]),
        (Axis(title="x"), (0.0, 1.0, 1e300), ["0", "0.25", "0.5", "0.75", "1"]),
    ],
)
def test_figures_axes_have_few_round_ticks(axis: Axis, values: tuple[float, ...], texts: list[str]) -> None:
    scale = scales.scale_of(axis, values, 0.03)
    assert set(texts) <= set(scale.texts)
    assert 1 <= len(scale.texts) <= scales.MOST_TICKS + 1
    assert all(scale.low <= tick <= scale.high for tick in scale.ticks)
    assert sorted(set(scale.ticks)) == list(scale.ticks)


def test_figures_long_times_are_told_in_minutes_and_hours() -> None:
    axis = Axis(title="time", unit="s")
    assert [scales.scale_of(axis, (0, high), 0.0).title for high in (599, 3600, 90_000)] == [
        "time (s)",
        "time (min)",
        "time (h)",
    ]
    assert scales.scale_of(axis, (0, 3600), 0.0).texts == ("0", "20", "40", "60")
