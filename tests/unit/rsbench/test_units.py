"""Numbers as people read them."""

from __future__ import annotations

import pytest

from rsbench import units


@pytest.mark.parametrize(("seconds", "text"), [(4.2, "4 s"), (185, "3 min 05 s"), (7800, "2 h 10 min")])
def test_durations(seconds: float, text: str) -> None:
    assert units.duration_text(seconds) == text


@pytest.mark.parametrize(("count", "text"), [(0, "0 B"), (999, "999 B"), (45300, "45.3 kB"), (4.51e6, "4.51 MB")])
def test_bytes(count: float, text: str) -> None:
    assert units.bytes_text(count) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (999.7, "1 kB"), (45300, "45.3 kB"), (999_600, "1 MB"), (1e15, "1e+03 TB")],
)
def test_bytes_have_no_exponent_below_a_petabyte(count: float, text: str) -> None:
    assert units.bytes_text(count) == text
