"""Options that a task has no use for, refused before anything is launched."""

from __future__ import annotations

from rsbench.cell import CellSpec
from rsbench.errors import RsbenchError
from rsbench.metrics import facts_of

_SINGLE_PIXEL = 1
"""Side of samples that have none."""


def check_options(spec: CellSpec, *, task: str) -> None:
    """Refuse options of a cell that its task would ignore.

    Args:
        spec: the cell.
        task: name in :data:`rsbench.metrics.TASKS`.

    Raises:
        RsbenchError: one sentence that names the option.
    """
    facts = facts_of(task)
    if spec.label_smoothing and not facts.one_class_a_sample:
        raise RsbenchError(
            f"--label-smoothing {spec.label_smoothing:g}: {facts.title} has no class a sample to smooth: leave it out."
        )
    if facts.sized_at == _SINGLE_PIXEL != spec.image_size:
        raise RsbenchError(
            f"--image-size {spec.image_size}: {facts.title} trains on single pixels, which have no side: leave it out."
        )
