"""How long cells will take, from finished ones of the same kind."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rsbench import results
from rsbench.jobs import Job

_KIND = ("dataset", "model", "image_size", "batch_size", "workers", "device")


def expected_s(out: Path, jobs: Sequence[Job]) -> list[float | None]:
    """Return the seconds each job will take: median time a step of finished cells, start included; None if unknown.

    Args:
        out: result folder with the finished cells.
        jobs: what is to run.
    """
    records, _ = results.read_records([out]) if out.is_dir() else ([], [])
    by_kind: dict[tuple[Any, ...], list[float]] = {}
    for record in records:
        if record["status"] == "done" and record["wall_s"] is not None:
            kind = tuple(record["cell"][name] for name in _KIND)
            by_kind.setdefault(kind, []).append(record["wall_s"] / record["traffic"]["steps"])
    medians = {kind: statistics.median(times) for kind, times in by_kind.items()}
    found = (medians.get(tuple(getattr(job.spec, name) for name in _KIND)) for job in jobs)
    return [None if time_s is None else time_s * job.steps for time_s, job in zip(found, jobs, strict=True)]
