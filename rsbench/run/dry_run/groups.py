"""Cells of a plan that belong together, and what they take."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from rsbench.planning.estimate import Estimate
from rsbench.planning.job import Job
from rsbench.run.dry_run.expectation import Expectation


@dataclass(frozen=True, kw_only=True)
class Group:
    """Some cells.

    Attributes:
        jobs: the cells, at least one.
        expected: how long each takes.
    """

    jobs: Sequence[Job]
    expected: Sequence[Expectation]

    @property
    def time_s(self) -> float:
        """Seconds of all cells, one after the other."""
        return sum(one.time_s for one in self.expected)

    @property
    def payload_bytes(self) -> int:
        """Payload of a worker in all cells."""
        return sum(job.estimate.total_payload_bytes for job in self.jobs)

    @property
    def sent_bytes(self) -> int:
        """What a worker hands over in all cells: payload and scores."""
        return sum(job.sent_bytes for job in self.jobs)

    @property
    def estimates(self) -> list[Estimate]:
        """What each cell sends and holds."""
        return [job.estimate for job in self.jobs]


def by_setting(jobs: Sequence[Job], expected: Sequence[Expectation]) -> list[Group]:
    """Return the cells by what they train, and where."""
    return _groups(jobs, expected, _setting)


def by_method(jobs: Sequence[Job], expected: Sequence[Expectation]) -> list[Group]:
    """Return the cells by what they compare: compressor, ratio, way to exchange and kept samples."""
    return _groups(jobs, expected, lambda job: (job.spec.compressor, job.spec.ratio, job.spec.sync, job.spec.prune))


def _setting(job: Job) -> Hashable:
    """Return what cells of one setting have in common."""
    spec = job.spec
    return spec.dataset, spec.model, spec.workers, spec.device, spec.deterministic, spec.partition, spec.link, job.steps


def _groups(jobs: Sequence[Job], expected: Sequence[Expectation], key: Callable[[Job], Hashable]) -> list[Group]:
    found: dict[Hashable, list[tuple[Job, Expectation]]] = {}
    for job, one in zip(jobs, expected, strict=True):
        found.setdefault(key(job), []).append((job, one))
    return [Group(jobs=[job for job, _ in pairs], expected=[one for _, one in pairs]) for pairs in found.values()]
