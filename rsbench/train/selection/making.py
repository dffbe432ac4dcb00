"""The scorer that a text of ``--prune`` asks for."""

from __future__ import annotations

from typing import Final

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

SCORERS: Final[dict[str, type[Scorer]]] = {"tdds": TDDS, "el2n": EL2N, "forgetting": Forgetting}
"""Kind -> what scores; :data:`rsbench.recipe.prune.WAYS` has its options and its bytes."""


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

    scorer = SCORERS[prune.kind]
    sightings = Sightings(positions, columns=scorer.columns(classes), dtype=scorer.dtype, device=device)
    return scorer(prune, sightings)
