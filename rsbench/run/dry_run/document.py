"""The JSON document of ``compare --dry-run --json``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rsbench.planning.job import Job
from rsbench.run.dry_run.expectation import Expectation
from rsbench.run.dry_run.groups import Group, by_method
from rsbench.run.queue import CellQueue


def document(queue: CellQueue, expected: Sequence[Expectation], notes: Sequence[str]) -> dict[str, Any]:
    """Return what the cells that are left would cost.

    Args:
        queue: the cells.
        expected: how long each of those that are left takes.
        notes: sentences beside the numbers.

    Returns:
        An object of ``exit_code``, ``dry_run``, ``cells_to_run``, ``cells_done``, ``cells_are_upper_bound`` (a study
        may run fewer), ``time_s``, ``time_is_lower_bound`` (from operations alone, without start and exchange),
        ``gpu_hours``, ``payload_bytes`` and, beside it, ``score_bytes`` (of a worker, all cells), ``methods``,
        ``cells`` and ``notes``.
    """
    jobs = queue.left()
    pairs = list(zip(jobs, expected, strict=True))
    return {
        "exit_code": 0,
        "dry_run": True,
        "cells_to_run": len(jobs),
        "cells_done": queue.done,
        "cells_are_upper_bound": queue.is_at_most,
        "time_s": sum(one.time_s for one in expected),
        "time_is_lower_bound": not all(one.measured for one in expected),
        "gpu_hours": sum(one.time_s * job.spec.workers for job, one in pairs if job.spec.device == "cuda") / 3600,
        "payload_bytes": sum(job.estimate.total_payload_bytes for job in jobs),
        "score_bytes": sum(job.score_bytes for job in jobs),
        "methods": [_method(group) for group in by_method(jobs, expected)],
        "cells": [_cell(queue, job, one) for job, one in pairs],
        "notes": list(notes),
    }


def _method(group: Group) -> dict[str, Any]:
    spec = group.jobs[0].spec
    return {
        "compressor": spec.compressor,
        "ratio": spec.ratio,
        "sync": spec.sync,
        "prune": spec.prune,
        "cells": len(group.jobs),
        "payload_bytes": group.payload_bytes,
        "time_s": group.time_s,
    }


def _cell(queue: CellQueue, job: Job, expected: Expectation) -> dict[str, Any]:
    estimate = job.estimate
    ratio = estimate.compression_ratio
    return {
        "key": job.spec.key,
        **job.spec.to_dict(),
        "lr_is_decided": queue.decided(job),
        "compressor_run": job.compressor,
        "steps": job.steps,
        **({"phases": [asdict(phase) for phase in job.phases]} if job.phases else {}),
        "payload_bytes_per_step": estimate.payload_bytes_per_step,
        "payload_bytes": estimate.total_payload_bytes,
        "wire_bytes": job.wire_bytes,
        "compression_ratio": ratio if math.isfinite(ratio) else None,
        "memory_bytes": estimate.memory_bytes_per_worker,
        "time_s": expected.time_s,
        "time_is_measured": expected.measured,
        "link_s": expected.link_s,
    }
