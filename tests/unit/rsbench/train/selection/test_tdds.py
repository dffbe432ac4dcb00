"""Scores of TDDS against plain NumPy, written from the formulas, with the probabilities of all epochs at hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from stored_epochs import scored, stored

pytestmark = pytest.mark.usefixtures("alone")


def tdds(p: NDArray[np.float32], window: int, decay: float) -> NDArray[np.float64]:
    """The paper's double sum over windows and epochs, [n]."""
    epochs, samples, classes = p.shape
    total = np.zeros(samples)
    for k in range(epochs - window + 1):
        for n in range(samples):
            distances = []
            for t in range(k, k + window - 1):
                before, after = p[t, n].astype(float), p[t + 1, n].astype(float)
                logs = [(np.log(after[c] + 1e-8), np.log(before[c] + 1e-8)) for c in range(classes)]
                distances.append(sum(abs(after[c] * (new - old)) for c, (new, old) in enumerate(logs)))
            mean = sum(distances) / len(distances)
            norm = sum((d - mean) ** 2 for d in distances) ** 0.5
            total[n] += decay * (1 - decay) ** (epochs - window - k) * norm
    return total


@settings(max_examples=15, deadline=None)
@given(st.integers(3, 7), st.integers(3, 7), st.integers(1, 7), st.integers(2, 4), st.integers(0, 9**9), st.data())
def test_scores_are_those_of_the_formulas(
    epochs: int, window: int, samples: int, classes: int, seed: int, data: st.DataObject
) -> None:
    window, decay = min(window, epochs), data.draw(st.sampled_from([0.9, 0.5, 0.25]))
    p, labels = stored(epochs, samples, classes, seed)
    p[data.draw(st.integers(0, epochs - 1)), 0] = np.eye(classes, dtype=np.float32)[0]  # probabilities of exactly 0
    text = f"tdds:0.5,epochs={epochs},window={window},decay={decay}"
    np.testing.assert_allclose(scored(text, p, labels), tdds(p, window, decay), rtol=1e-9, atol=1e-12)


def test_the_last_window_decides() -> None:
    p = np.full((6, 2, 2), 0.5, np.float32)
    p[1, 0] = p[4, 1] = (0.9, 0.1)  # the first sample moves early, the second late
    early, late = scored("tdds:0.5,epochs=6,window=3", p, np.zeros(2, np.int64))
    assert late > 30 * early > 0
