"""What a cell's exchange takes on its links, from the plan alone: before anything has run."""

from __future__ import annotations

from rsbench.links.collective_time import collective_s, constants_of
from rsbench.links.worker_links import parse_worker_links
from rsbench.planning.job import Job
from rsbench.planning.phases import score_exchanges


def link_time_s(job: Job) -> float:
    """Return the seconds of all collectives of a job's run on its slowest worker's link; 0 without a link.

    Nothing is overlapped with computing, because nobody has seen a step yet: a run takes this at most.
    """
    if job.spec.link is None:
        return 0.0
    workers, constants = job.spec.workers, constants_of("nccl" if job.spec.device == "cuda" else "gloo")
    link = parse_worker_links(job.spec.link).slowest(workers)
    return sum(
        one.calls * collective_s(one.op, one.payload_bytes / one.calls, one.ranks or workers, link, constants)
        for one in (*job.estimate.collectives, *score_exchanges(job.phases))
        if one.calls
    )
