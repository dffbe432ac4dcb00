"""Which data sets are there, in lines that stay short."""

from __future__ import annotations

import pytest

from rsbench.doctor.data import _first, _folded


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (1, "a"),
        (5, "a, b, c, d, e"),
        (6, "a, b, c, d, e and 1 other (`rsbench list datasets`)"),
        (7, "a, b, c, d, e and 2 others (`rsbench list datasets`)"),
    ],
)
def test_a_long_line_names_the_first_and_counts_the_others(count: int, text: str) -> None:
    assert _first("abcdefg"[:count]) == text


def test_members_of_a_family_are_one_word() -> None:
    assert _folded(["x", "f1", "f2"], {"f": ("f1", "f2", "f3")}) == ["x", "f (2 of 3)"]
