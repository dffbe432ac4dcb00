"""How long cells will take: from finished ones of the same kind, else from their floating-point operations."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

from rsbench.planning.job import Job
from rsbench.results import records as results
from rsbench.run.progress import duration_text

ASSUMED_FLOPS_PER_S: Final = {"cpu": 2e10, "cuda": 1e13}
"""Of one worker, where no cell of the kind is done: a CPU core and a data-centre GPU in float32, sustained."""
_KIND: Final = ("dataset", "model", "image_size", "batch_size", "workers", "device")


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """How long one cell will take.

    Attributes:
        time_s: in seconds.
        measured: from finished cells; else from operations at an assumed speed.
    """

    time_s: float
    measured: bool


def expect(out: Path, jobs: Sequence[Job]) -> list[Expectation]:
    """Return what each job will take: median time a step of finished cells of its kind, start included, or a model.

    Args:
        out: result folder with the finished cells.
        jobs: what is to run.
    """
    records, _ = results.read_records([out]) if out.is_dir() else ([], [])
    by_kind: dict[tuple[Any, ...], list[float]] = {}
    for record in records:
        if record["status"] == "done" and record["wall_s"] is not None:
            kind = tuple(record["cell"].get(name) for name in _KIND)
            by_kind.setdefault(kind, []).append(record["wall_s"] / record["traffic"]["steps"])
    medians = {kind: statistics.median(times) for kind, times in by_kind.items()}
    return [_expect(job, medians.get(tuple(getattr(job.spec, name) for name in _KIND))) for job in jobs]


def _expect(job: Job, step_s: float | None) -> Expectation:
    if step_s is not None:
        return Expectation(time_s=step_s * job.steps, measured=True)
    modelled = job.estimate.flops_per_step / ASSUMED_FLOPS_PER_S[job.spec.device]
    return Expectation(time_s=modelled * job.steps, measured=False)


def sentence(expected: Sequence[Expectation], budget_s: float | None) -> str:
    """Say how long all cells will take, and how many fit a budget."""
    total = sum(one.time_s for one in expected)
    modelled = sum(not one.measured for one in expected)
    text = f"Time: about {duration_text(total)} ({total / 3600:.3g} h) for {len(expected)} cells"
    if modelled:
        cpu, gpu = ASSUMED_FLOPS_PER_S["cpu"] / 1e9, ASSUMED_FLOPS_PER_S["cuda"] / 1e12
        text += (
            f"; {modelled} of them from their operations alone, at an assumed {cpu:g} GFLOP/s a CPU worker or {gpu:g} "
            "TFLOP/s a GPU, without data loading, exchange and compression"
        )
    if budget_s is None:
        return text + "."
    fit = sum(reached <= budget_s for reached in accumulate(one.time_s for one in expected))
    return f"{text}; {fit} of {len(expected)} cells fit the budget of {duration_text(budget_s)}."
