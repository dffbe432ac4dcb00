"""How long cells will take: from finished cells of their kind, else from their operations."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rsbench.cell import CellSpec
from rsbench.planning.job import Job
from rsbench.results import records as results
from rsbench.run.dry_run.link_time import link_time_s

ASSUMED_FLOPS_PER_S: Final = {"cpu": 2e10, "cuda": 1e13}
"""Of one worker, where no cell of the kind is done: a CPU core and a data-centre GPU in float32, sustained."""
_KIND: Final = ("dataset", "model", "image_size", "batch_size", "workers", "device", "deterministic", "link")


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """How long one cell will take.

    Attributes:
        time_s: in seconds.
        measured: from finished cells; else from operations at an assumed speed.
        link_s: what exchange takes on the cell's links by the model, in seconds; 0 without links.
    """

    time_s: float
    measured: bool
    link_s: float = 0.0


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
            kind = tuple(record["cell"].get(name, getattr(CellSpec, name, None)) for name in _KIND)
            by_kind.setdefault(kind, []).append(record["wall_s"] / record["traffic"]["steps"])
    medians = {kind: statistics.median(times) for kind, times in by_kind.items()}
    return [_expect(job, medians) for job in jobs]


def _expect(job: Job, medians: Mapping[tuple[Any, ...], float]) -> Expectation:
    """Return what a job takes: as cells of its kind did, else as those without a link did, and its link on top."""
    kind, link_s = tuple(getattr(job.spec, name) for name in _KIND), link_time_s(job)
    if kind in medians:
        return Expectation(time_s=medians[kind] * job.steps, measured=True, link_s=link_s)
    step_s = medians.get((*kind[:-1], None))
    if step_s is not None:
        return Expectation(time_s=step_s * job.steps + link_s, measured=True, link_s=link_s)
    modelled = job.estimate.flops_per_step / ASSUMED_FLOPS_PER_S[job.spec.device]
    return Expectation(time_s=modelled * job.steps + link_s, measured=False, link_s=link_s)
