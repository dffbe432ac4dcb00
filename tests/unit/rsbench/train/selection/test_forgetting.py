"""Counts of forgetting against plain NumPy, with the probabilities of all epochs at hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from stored_epochs import scored, stored

pytestmark = pytest.mark.usefixtures("alone")


def forgetting(p: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    right = p.argmax(axis=2) == labels
    counts = (right[:-1] & ~right[1:]).sum(axis=0).astype(float)
    counts[~right.any(axis=0)] = len(p)
    return counts


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 7), st.integers(1, 9), st.integers(2, 4), st.integers(0, 9**9))
def test_scores_are_those_of_the_definition(epochs: int, samples: int, classes: int, seed: int) -> None:
    p, labels = stored(epochs, samples, classes, seed)
    assert scored(f"forgetting:0.5,epochs={epochs}", p, labels).tolist() == forgetting(p, labels).tolist()


def test_what_never_was_right_counts_most() -> None:
    right, wrong = (0.9, 0.1), (0.1, 0.9)
    p = np.array(
        [[right, wrong, right], [wrong, wrong, right], [right, wrong, right], [wrong, wrong, right]], np.float32
    )
    assert scored("forgetting:0.5,epochs=4", p, np.zeros(3, np.int64)).tolist() == [2.0, 4.0, 0.0]
