"""The samples that are kept, by their scores or at random."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rsbench.recipe.prune import Prune

_STREAM: Final = 0x7072756E


def kept(prune: Prune, scores: NDArray[np.float64], seed: int) -> NDArray[np.int64]:
    """Return the places of the kept samples among all training samples, ascending.

    Args:
        prune: which samples are kept.
        scores: of all training samples, [n]; of a draw at random only their number counts.
        seed: of the draw at random, and of the draw among equal scores; equal for all compressors.

    Returns:
        int64 [m]: the highest scores; of equal ones some are drawn, because samples often lie sorted by class.
    """
    count = prune.kept_of(len(scores))
    order = np.random.default_rng([_STREAM, seed]).permutation(len(scores))
    if prune.scores:
        order = order[np.argsort(-scores[order], kind="stable")]
    return np.sort(order[:count]).astype(np.int64)


def selection_record(
    prune: Prune,
    places: NDArray[np.int64],
    positions: NDArray[np.int64],
    labels: NDArray[np.int64],
    *,
    classes: int,
    score_bytes: int,
) -> dict[str, Any]:
    """Return what a record tells of a selection.

    Args:
        prune: which samples are kept.
        places: of the kept samples among all training samples, ascending, int64 [m].
        positions: of all training samples in the data set, ascending, int64 [n].
        labels: of all training samples, int64 [n].
        classes: how many there are.
        score_bytes: that a worker handed over to exchange scores.
    """
    of_kept, of_all = (np.bincount(some, minlength=classes).tolist() for some in (labels[places], labels))
    return {
        "text": prune.text,
        "kept": len(places),
        "of": len(positions),
        "positions_sha256": hashlib.sha256(positions[places].astype("<i8").tobytes()).hexdigest(),
        "kept_per_class": of_kept,
        "all_per_class": of_all,
        "score_bytes": score_bytes,
    }


def lost_classes_warning(kept_per_class: Sequence[int], all_per_class: Sequence[int], names: Sequence[str]) -> str:
    """Return a sentence that names classes of which no sample is kept; empty where there are none.

    Args:
        kept_per_class: kept samples of each class.
        all_per_class: training samples of each class.
        names: of the classes.
    """
    lost = [name for name, left, had in zip(names, kept_per_class, all_per_class, strict=True) if had and not left]
    if not lost:
        return ""
    shown = ", ".join(lost[:5]) + (f" and {len(lost) - 5} more" if len(lost) > 5 else "")
    return f"The selection keeps no sample of {shown}: nothing is learnt of what is never seen."
