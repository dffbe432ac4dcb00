"""Bytes, durations, link speeds and ratios as people read them."""

from __future__ import annotations

import pytest

from rsbench import units


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.0999, "0.0999"),
        (0.09999, "0.100"),
        (9.996, "10.0"),
        (99.96, "100"),
        (1234.0, "1230"),
        (None, "-"),
    ],
)
def test_reports_significant_digits(value: float | None, text: str) -> None:
    assert units.significant(value) == text


def test_large_numbers_are_whole_and_grouped() -> None:
    assert [units.number_text(value) for value in (0.0184, 81.96, 999.6, 2552.4)] == ["0.0184", "82", "1,000", "2,552"]


def test_reports_units() -> None:
    assert units.bytes_text(0) == "0 B"
    assert units.bytes_text(999.6) == "1.00 kB"
    assert units.bytes_text(45_300) == "45.3 kB"
    assert units.link_speed_text(1.2e8) == "120 Mbit/s"
    assert units.ratio_text(9977.4) == "9977x"
    assert units.ratio_text(float("nan")) == "-"


@pytest.mark.parametrize(("seconds", "text"), [(4.2, "4 s"), (185, "3 min 05 s"), (7800, "2 h 10 min")])
def test_durations(seconds: float, text: str) -> None:
    assert units.duration_text(seconds) == text


@pytest.mark.parametrize(("count", "text"), [(0, "0 B"), (999, "999 B"), (45300, "45.3 kB"), (4.51e6, "4.51 MB")])
def test_bytes(count: float, text: str) -> None:
    assert units.bytes_text(count) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (999.7, "1.00 kB"), (45300, "45.3 kB"), (999_600, "1.00 MB"), (1e15, "1000 TB")],
)
def test_bytes_have_no_exponent(count: float, text: str) -> None:
    assert units.bytes_text(count) == text


def test_a_range_of_speeds_has_one_unit() -> None:
    assert units.link_speed_range_text(1.2e8, 1.1e8, 1.3e9) == "120 [110, 1300] Mbit/s"
    assert units.link_speed_range_text(1.2e8, 1.199e8, 1.2e8) == "120 Mbit/s"
