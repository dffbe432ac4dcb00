"""The learning rate of a step."""

from __future__ import annotations

import math

from rsbench.cell import CellSpec


def learning_rate(cell: CellSpec, step: int, *, steps: int, per_epoch: int) -> float:
    """Return the learning rate of a step: linear warm-up, then cosine to zero, tenths at 50 % and 75 %, or constant.

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
    if cell.schedule == "step":
        return cell.lr * (0.01 if done >= 0.75 else 0.1 if done >= 0.5 else 1.0)
    return cell.lr
