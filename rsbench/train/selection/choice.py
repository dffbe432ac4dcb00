"""From a text of ``--prune`` to a scorer, and from scores to the samples that are kept."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from rsbench.errors import RsbenchError
from rsbench.recipe.prune import Prune
from rsbench.train.selection.el2n import EL2N
from rsbench.train.selection.forgetting import Forgetting
from rsbench.train.selection.scorer import Scorer
from rsbench.train.selection.sightings import Sightings
from rsbench.train.selection.tdds import TDDS

_STREAM: Final = 0x7072756E


def make_scorer(
    prune: Prune,
    positions: NDArray[np.int64],
    labels: NDArray[np.int64],
    classes: int,
    device: torch.device,
) -> Scorer:
    """Return what scores training samples in the scoring phase.

    Args:
        prune: a selection that has scores.
        positions: of all training samples in the data set, ascending, int64 [n].
        labels: of the same samples, int64 [n].
        classes: how many there are, C.
        device: where training runs.

    Raises:
        RsbenchError: the selection has no scores.
        ValueError: positions do not ascend, or labels are not as many.
    """
    if not prune.scores:
        raise RsbenchError(f"--prune {prune.text} has no scoring phase.")
    if (np.diff(positions) <= 0).any() or len(labels) != len(positions):
        raise ValueError("Training positions must ascend, and each must have a label.")

    def sightings(columns: int, dtype: torch.dtype) -> Sightings:
        return Sightings(positions, columns=columns, dtype=dtype, device=device)

    if prune.kind == "tdds":
        return TDDS(prune, sightings(classes, torch.float32), samples=len(positions), classes=classes)
    if prune.kind == "el2n":
        return EL2N(prune, sightings(1, torch.float64), samples=len(positions))
    return Forgetting(prune, sightings(1, torch.uint8), samples=len(positions))


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


def selection_record(
    prune: Prune, positions: NDArray[np.int64], labels: NDArray[np.int64], *, of: int, classes: int, score_bytes: int
) -> dict[str, Any]:
    """Return what a record tells of a selection.

    Args:
        prune: which samples are kept.
        positions: of the kept samples in the data set, ascending, int64 [m].
        labels: of the kept samples, int64 [m].
        of: how many training samples there are in all.
        classes: how many there are.
        score_bytes: that a worker handed over to exchange scores.
    """
    return {
        "text": prune.text,
        "kept": len(positions),
        "of": of,
        "positions_sha256": hashlib.sha256(positions.astype("<i8").tobytes()).hexdigest(),
        "kept_per_class": np.bincount(labels, minlength=classes).tolist(),
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
