"""The learning rate of a step."""

from __future__ import annotations

import math
from typing import Final

from rsbench.cell import CellSpec

POLY_POWER: Final = 0.9
"""Of the share of steps that are left: the usual power in the literature of dense maps."""


def learning_rate(cell: CellSpec, step: int, *, steps: int, per_epoch: int) -> float:
    """Return the learning rate of a step: linear warm-up, then as the schedule says.

    ``cosine`` falls to zero along half a cosine, ``poly`` to zero with the share of steps that are left, to the power
    :data:`POLY_POWER`; ``step`` falls to a tenth at 50 % and again at 75 %; ``constant`` stays.

    Args:
        cell: peak rate, schedule and warm-up epochs.
        step: 0-based.
        steps: steps of the whole run.
        per_epoch: steps of an epoch; warm-up takes at most a quarter of the run.
    """
    warmup = min(round(cell.warmup_epochs * per_epoch), steps // 4)
    if step < warmup:
        return cell.lr * (step + 1) / warmup
    done = (step - warmup) / max(1, steps - warmup)
    if cell.schedule == "cosine":
        return cell.lr * 0.5 * (1 + math.cos(math.pi * done))
    if cell.schedule == "poly":
        return cell.lr * math.pow(1 - done, POLY_POWER)
    if cell.schedule == "step":
        return cell.lr * (0.01 if done >= 0.75 else 0.1 if done >= 0.5 else 1.0)
    return cell.lr
