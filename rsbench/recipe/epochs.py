"""Steps of an epoch and of a run. Torch-free."""

from __future__ import annotations

import math

from rsbench.errors import RsbenchError


def steps_per_epoch(train_images: int, *, workers: int, batch_size: int) -> int:
    """Return the optimizer steps in one pass over the training images.

    Every worker gets ceil(n / W) images (a few twice); a last incomplete batch is left out, unless it is the only.

    Raises:
        RsbenchError: more workers than training images.
    """
    if workers > train_images:
        raise RsbenchError(
            f"{workers} workers cannot share {train_images} training images; use at most {train_images} workers."
        )
    return max(1, math.ceil(train_images / workers) // batch_size)


def total_steps(per_epoch: int, *, epochs: int, max_steps: int | None) -> int:
    """Return the optimizer steps of the whole run."""
    steps = per_epoch * epochs
    return steps if max_steps is None else min(steps, max_steps)
