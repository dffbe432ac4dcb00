"""The phases of a plan's cells, each with its steps and bytes, and summed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rsbench.planning.job import Job
from rsbench.reports.document.table import Column, Table
from rsbench.run.dry_run.groups import Group
from rsbench.run.dry_run.tables import method_text, span
from rsbench.units import DASH, bytes_text

_NAMES: Final = ("method, phase", "samples", "epochs", "steps", "payload", "scores")
_PHASES: Final = {"score": "scoring", "train": "training"}


def phase_tables(groups: Sequence[Group]) -> list[Table]:
    """Return a table of the methods whose cells have several phases; none where no cell has.

    Bytes are of one worker and cell. Scores are exchanged beside the payload, and are no part of the ratio.

    Args:
        groups: the cells of a plan by method.
    """
    rows = [row for group in groups for row in _rows(group)]
    columns = tuple(Column(title=name, align="left" if name == _NAMES[0] else "right") for name in _NAMES)
    return [Table(title="Phases of a cell", columns=columns, rows=tuple(rows))] if rows else []


def _rows(group: Group) -> list[tuple[str, ...]]:
    """Return a row for each phase of a method's cells, and one for all of them together."""
    jobs = [job for job in group.jobs if job.phases]
    if not jobs:
        return []
    name = method_text(jobs[0].spec)
    single = [_row(name, jobs, number) for number in range(len(jobs[0].phases))]
    summed = (
        _numbers([sum(phase.steps for phase in job.phases) for job in jobs]),
        span([job.estimate.total_payload_bytes for job in jobs], bytes_text),
        span([sum(phase.score_bytes for phase in job.phases) for job in jobs], bytes_text),
    )
    return [*single, (f"{name}, all", DASH, _numbers([job.epochs for job in jobs]), *summed)]


def _row(name: str, jobs: Sequence[Job], number: int) -> tuple[str, ...]:
    phases = [job.phases[number] for job in jobs]
    scores = [phase.score_bytes for phase in phases]
    return (
        f"{name}, {_PHASES.get(phases[0].name, phases[0].name)}",
        *(_numbers([getattr(phase, column) for phase in phases]) for column in ("samples", "epochs", "steps")),
        span([phase.payload_bytes for phase in phases], bytes_text),
        span(scores, bytes_text) if any(scores) else DASH,
    )


def _numbers(values: Sequence[int]) -> str:
    return span(values, lambda value: f"{value:,.0f}")
