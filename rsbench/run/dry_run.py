"""What ``--dry-run`` shows: the cells with their bytes, memory and time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rsbench import reports
from rsbench.planning.job import Job
from rsbench.reports.document.table import Column, Report, Section, Table
from rsbench.run import forecast
from rsbench.run.progress import bytes_text, duration_text
from rsbench.run.queue import Agenda

if TYPE_CHECKING:
    from rich.console import Console

_COLUMNS = (
    "data set,model,compressor,asked ratio,lr,seed,workers,steps,payload/step,payload in all,ratio,memory/worker,time"
)
_WORDS = frozenset({"data set", "model", "compressor", "workers"})


def show(
    agenda: Agenda,
    expected: Sequence[forecast.Expectation],
    budget_s: float | None,
    ours: Sequence[str],
    console: Console,
) -> None:
    """Print the cells that are left, in their order, with what each will take.

    Args:
        agenda: the cells.
        expected: how long each of those that are left will take.
        budget_s: begin no cell after so much time; None has no limit.
        ours: options that a plan marks as not known from its paper.
        console: where to.
    """
    pairs = zip(agenda.left(), expected, strict=True)
    rows = tuple((str(number), *_row(agenda, job, one)) for number, (job, one) in enumerate(pairs, start=1))
    # A number leads, because it leads each piece of a table that is wider than the terminal.
    names = ("cell", *_COLUMNS.split(","))
    columns = tuple(Column(title=name, align="left" if name in _WORDS else "right") for name in names)
    table = Table(title="Cells that would run, in this order", columns=columns, rows=rows)
    facts = [
        "Memory: weights, gradients, optimizer and compressor state, messages, and what the forward pass keeps for the "
        "backward pass (float32, from shapes); libraries and their work space come on top.",
        forecast.sentence(expected, budget_s),
    ]
    if ours:
        facts.append(f"Not known from the paper, our choice: {', '.join(ours)}.")
    section = Section(
        title="Dry run",
        facts=tuple(facts),
        tables=(table,) if rows else (),
        notes=(),
        conclusion=f"{agenda.most} cells to run, {agenda.done} already done. Nothing was launched.",
    )
    reports.show(Report(title="", sections=(section,), problems=(), methods=table, cells=table), console)


def _row(agenda: Agenda, job: Job, expected: forecast.Expectation) -> tuple[str, ...]:
    spec, estimate = job.spec, job.estimate
    return (
        spec.dataset,
        spec.model,
        job.compressor,
        "-" if spec.ratio is None else f"{spec.ratio:g}",
        f"{spec.lr:g}" if agenda.decided(job) else "best",
        str(spec.seed),
        f"{spec.workers} {spec.device}",
        str(job.steps),
        bytes_text(estimate.payload_bytes_per_step),
        bytes_text(estimate.total_payload_bytes),
        f"{estimate.compression_ratio:.4g}",
        bytes_text(estimate.memory_bytes_per_worker),
        duration_text(expected.time_s),
    )
