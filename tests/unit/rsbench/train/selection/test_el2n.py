"""Scores of EL2N against plain NumPy, with the probabilities of all epochs at hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from stored_epochs import scored, stored

pytestmark = pytest.mark.usefixtures("alone")


def el2n(p: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    errors = p.astype(np.float64) - np.eye(p.shape[2])[labels]
    return np.sqrt((errors**2).sum(axis=2)).mean(axis=0)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 7), st.integers(1, 9), st.integers(2, 4), st.integers(0, 9**9))
def test_scores_are_those_of_the_definition(epochs: int, samples: int, classes: int, seed: int) -> None:
    p, labels = stored(epochs, samples, classes, seed)
    np.testing.assert_allclose(scored(f"el2n:0.5,epochs={epochs}", p, labels), el2n(p, labels), rtol=1e-12)


def test_a_sure_mistake_scores_most() -> None:
    p = np.array([[(1.0, 0.0), (0.0, 1.0), (0.5, 0.5)]] * 2, np.float32)
    assert scored("el2n:0.5,epochs=2", p, np.zeros(3, np.int64)) == pytest.approx([0, 2**0.5, 0.5**0.5])
