"""What a cell's exchange takes on its links, from the plan alone: before anything has run."""

from __future__ import annotations

from rsbench.links.collective_time import collective_s
from rsbench.links.worker_links import parse_worker_links
from rsbench.planning.job import Job


def link_time_s(job: Job) -> float:
    """Return the seconds of all collectives of a job's run on its slowest worker's link; 0 without a link.

    Nothing is overlapped with computing, because nobody has seen a step yet: a run takes this at most.
    """
    if job.spec.link is None:
        return 0.0
    workers = job.spec.workers
    link = parse_worker_links(job.spec.link).slowest(workers)
    return sum(
        calls * collective_s(op, payload_bytes / calls, workers, link)
        for op, payload_bytes, calls in job.estimate.collectives
        if calls
    )
