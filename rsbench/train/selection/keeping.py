"""The samples that are kept, by their scores or at random."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from rsbench.recipe.prune import Prune

_STREAM: Final = 0x7072756E


def kept(prune: Prune, scores: NDArray[np.float64], seed: int) -> NDArray[np.int64]:
    """Return the places of the kept samples among all training samples, ascending.

    Args:
        prune: which samples are kept.
        scores: of all training samples, [n]; of a draw at random only their number counts.
        seed: of a draw at random; equal for all compressors.

    Returns:
        int64 [m]: the highest scores, of equal ones the first.
    """
    count = prune.kept_of(len(scores))
    if prune.scores:
        order = np.argsort(-scores, kind="stable")
    else:
        order = np.random.default_rng([_STREAM, seed]).permutation(len(scores))
    return np.sort(order[:count]).astype(np.int64)
