"""Bits of the test samples that were right: a round trip, and what a record may not claim."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsbench.errors import RsbenchError
from rsbench.results import correctness


@given(st.lists(st.booleans(), max_size=70))
def test_bits_come_back_and_fit_their_accuracy(right: list[bool]) -> None:
    text = correctness.packed(right)
    assert correctness.unpacked(text, len(right)).tolist() == right
    correctness.check({"correct": text, "samples": len(right), "oa": float(np.mean(right or [0]))})


def test_the_first_sample_has_the_highest_bit() -> None:
    assert correctness.packed([True, *[False] * 7, True]) == "gIA="


@pytest.mark.parametrize(
    ("text", "samples", "oa", "words"),
    [
        ("gIA=", 9, 3 / 9, "marks 2 of 9 samples"),
        ("gIE=", 9, 2 / 9, "marks 3 of 9 samples"),
        ("gIE=", 9, 3 / 9, "does not fit"),  # a bit beyond the last sample
        ("gIA=", 17, 2 / 17, "holds 2 bytes, which are not those of 17 samples"),
        ("g!A=", 9, 2 / 9, "it is not base64"),
        ("gIA", 9, 2 / 9, "it is not base64"),
        ("é", 9, 2 / 9, "it is not base64"),
    ],
)
def test_bits_that_do_not_fit_are_refused(text: str, samples: int, oa: float, words: str) -> None:
    with pytest.raises(RsbenchError, match=words):
        correctness.check({"correct": text, "samples": samples, "oa": oa})


def test_a_record_without_bits_is_accepted() -> None:
    correctness.check({"samples": 9, "oa": 0.5})
    correctness.check({"samples": 9, "oa": 0.5, "correct": None})
