"""The single cells of a plan, in their order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rsbench.planning.job import Job
from rsbench.reports.document.table import Column, Notes, Table
from rsbench.run.dry_run.expectation import Expectation
from rsbench.run.dry_run.marks import miss_marks
from rsbench.run.queue import CellQueue
from rsbench.units import DASH, bytes_text, duration_text

_COLUMNS: Final = (
    "data set,model,compressor,asked ratio,lr,seed,workers,steps,payload/step,payload in all,ratio,memory/worker,time"
)
_LINK_COLUMNS: Final = ("link", "sent", "of it on the link")
"""What follows where cells have links: the bytes of a worker, and how much of the time they take."""
_WORDS: Final = frozenset({"data set", "model", "compressor", "workers", "link"})


def cell_table(queue: CellQueue, expected: Sequence[Expectation], notes: Notes) -> Table:
    """Return the cells that are left, in their order, with what each will take."""
    pairs = zip(queue.left(), expected, strict=True)
    with_links = any(job.spec.link is not None for job in queue.left())
    rows = tuple(
        (str(number), *_row(queue, job, one, notes), *(_link_row(job, one) if with_links else ()))
        for number, (job, one) in enumerate(pairs, start=1)
    )
    # A number leads, because it leads each piece of a table that is wider than the terminal.
    names = ("cell", *_COLUMNS.split(","), *(_LINK_COLUMNS if with_links else ()))
    columns = tuple(Column(title=name, align="left" if name in _WORDS else "right") for name in names)
    return Table(title="Cells that would run, in this order", columns=columns, rows=rows)


def _row(queue: CellQueue, job: Job, expected: Expectation, notes: Notes) -> tuple[str, ...]:
    spec, estimate = job.spec, job.estimate
    return (
        spec.dataset,
        spec.model,
        " ".join(filter(None, [job.compressor, spec.sync, spec.prune])),
        "-" if spec.ratio is None else f"{spec.ratio:g}",
        f"{spec.lr:g}" if queue.decided(job) else "best",
        str(spec.seed),
        f"{spec.workers} {spec.device}{'' if spec.deterministic else ', fast'}",
        f"{job.steps:,}",
        bytes_text(estimate.payload_bytes_per_step),
        bytes_text(estimate.total_payload_bytes),
        " ".join([f"{estimate.compression_ratio:.4g}", *miss_marks(job, notes)]),
        bytes_text(estimate.memory_bytes_per_worker),
        duration_text(expected.time_s),
    )


def _link_row(job: Job, expected: Expectation) -> tuple[str, ...]:
    """Return a cell's link, its bytes on the wire, and the time that they take there."""
    if job.spec.link is None:
        return (DASH, bytes_text(job.wire_bytes), DASH)
    return (job.spec.link, bytes_text(job.wire_bytes), duration_text(expected.link_s))
