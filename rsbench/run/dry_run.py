"""What ``--dry-run`` shows: the cells with their bytes, memory and time."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from rsbench import reports
from rsbench.cell import FAST, CellSpec
from rsbench.links.contact import Contact
from rsbench.measure import asked_ratio
from rsbench.planning.job import Job
from rsbench.planning.request import Request
from rsbench.recipe.partition import parse_partition
from rsbench.reports.document.table import Column, Notes, Report, Section, Table
from rsbench.results import records as results
from rsbench.run.link_time import link_time_s
from rsbench.run.queue import CellQueue
from rsbench.units import DASH, bytes_text, count_text, duration_text

_COLUMNS = (
    "data set,model,compressor,asked ratio,lr,seed,workers,steps,payload/step,payload in all,ratio,memory/worker,time"
)
_LINK_COLUMNS: Final = ("link", "sent", "of it on the link")
"""What follows where cells have links: the bytes of a worker, and how much of the time they take."""
_WORDS = frozenset({"data set", "model", "compressor", "workers", "link"})


def show(queue: CellQueue, expected: Sequence[Expectation], request: Request, console: Console) -> None:
    """Print the cells that are left, in their order, with what each will take.

    Args:
        queue: the cells.
        expected: how long each of those that are left will take.
        request: its budget, its contact, and what its plan marks as not known from the paper.
        console: where to.
    """
    pairs = zip(queue.left(), expected, strict=True)
    notes = Notes()
    with_links = any(job.spec.link is not None for job in queue.left())
    rows = tuple(
        (str(number), *_row(queue, job, one, notes), *(_link_row(job, one) if with_links else ()))
        for number, (job, one) in enumerate(pairs, start=1)
    )
    # A number leads, because it leads each piece of a table that is wider than the terminal.
    names = ("cell", *_COLUMNS.split(","), *(_LINK_COLUMNS if with_links else ()))
    columns = tuple(Column(title=name, align="left" if name in _WORDS else "right") for name in names)
    table = Table(title="Cells that would run, in this order", columns=columns, rows=rows)
    facts = [
        "Memory: weights, gradients, optimizer and compressor state, messages, and what the forward pass keeps for the "
        "backward pass (float32, from shapes); libraries and their work space come on top.",
        sentence(expected, request.budget_s),
    ]
    if with_links:
        facts.append(_link_sentence(queue.left(), expected, request.contact))
    facts += _partition_sentences(queue.left())
    if not all(job.spec.deterministic for job in queue.left()):
        facts.append(f"Fast: {FAST}; such cells are not those of --deterministic.")
    if request.ours:
        facts.append(f"Not known from the paper, our choice: {', '.join(request.ours)}.")
    section = Section(
        title="Dry run",
        facts=tuple(facts),
        tables=(table,) if rows else (),
        notes=tuple(notes.texts),
        conclusion=f"{queue.most} to run, {queue.done} already done. Nothing was launched.",
    )
    reports.show(Report(title="", sections=(section,), problems=(), methods=table, cells=table), console)


def _row(queue: CellQueue, job: Job, expected: Expectation, notes: Notes) -> tuple[str, ...]:
    spec, estimate = job.spec, job.estimate
    return (
        spec.dataset,
        spec.model,
        " ".join(filter(None, [job.compressor, spec.sync])),
        "-" if spec.ratio is None else f"{spec.ratio:g}",
        f"{spec.lr:g}" if queue.decided(job) else "best",
        str(spec.seed),
        f"{spec.workers} {spec.device}{'' if spec.deterministic else ', fast'}",
        str(job.steps),
        bytes_text(estimate.payload_bytes_per_step),
        bytes_text(estimate.total_payload_bytes),
        " ".join([f"{estimate.compression_ratio:.4g}", *_miss_marks(job, notes)]),
        bytes_text(estimate.memory_bytes_per_worker),
        duration_text(expected.time_s),
    )


def _link_row(job: Job, expected: Expectation) -> tuple[str, ...]:
    """Return a cell's link, its bytes on the wire, and the time that they take there."""
    if job.spec.link is None:
        return (DASH, bytes_text(job.estimate.wire_bytes), DASH)
    return (job.spec.link, bytes_text(job.estimate.wire_bytes), duration_text(expected.link_s))


def _link_sentence(jobs: Sequence[Job], expected: Sequence[Expectation], contact: Contact | None) -> str:
    """Say what the cells with links send, and how long that takes."""
    on_links = [(job, one) for job, one in zip(jobs, expected, strict=True) if job.spec.link is not None]
    sent_bytes = sum(job.estimate.wire_bytes for job, _ in on_links)
    link_s = sum(one.link_s for _, one in on_links)
    busy_s = sum(one.time_s for _, one in on_links)
    return (
        f"Links: in {count_text(len(on_links), 'cell')} a worker sends {bytes_text(sent_bytes)} in all, headers "
        f"included, which takes {duration_text(link_s)} ({link_s / 3600:.3g} h) of the time at most: modelled from the "
        f"plan, not overlapped with computing.{_pass_words(contact, busy_s, sent_bytes)}"
    )


def _partition_sentences(jobs: Sequence[Job]) -> list[str]:
    """Say in which cells workers have training samples of their own, a sentence a partition."""
    dealt = Counter(job.spec.partition for job in jobs if job.spec.partition is not None)
    return [
        f"Partition: {parse_partition(text).title} ({text}) in {count_text(count, 'cell')}: each worker trains on its "
        "own samples for the whole run."
        for text, count in dealt.items()
    ]


def _pass_words(contact: Contact | None, busy_s: float, sent_bytes: float) -> str:
    """Say what cells that run one after another take where their links are there in passes only."""
    if contact is None or not busy_s:
        return ""
    elapsed_s, passes = contact.elapsed_s(busy_s), contact.passes(busy_s)
    per_pass = bytes_text(sent_bytes * min(1.0, contact.visible_s / busy_s))
    return (
        f" With links that are there {contact.title} these cells take {duration_text(elapsed_s)} "
        f"({elapsed_s / 3600:.3g} h) in {passes:,} pass{'' if passes == 1 else 'es'}, {per_pass} a pass."
    )


def _miss_marks(job: Job, notes: Notes) -> list[str]:
    """Return a mark where the asked ratio will be missed, or may be; none where it will be met."""
    spec, estimate = job.spec, job.estimate
    promised = asked_ratio.sent_ratio({"ratio": spec.ratio, "match": spec.match}, estimate.ratios)
    if spec.ratio is None or promised is None:
        return []
    difference = asked_ratio.difference(spec.ratio, promised)
    furthest = abs(difference) + estimate.uncertain_share
    if furthest <= asked_ratio.TOLERANCE:
        return []
    words = f"differ by {100 * difference:+.1f} %"
    if estimate.uncertain_share > asked_ratio.TOLERANCE:
        words = f"differ by up to {100 * furthest:.0f} %, as the weights will have it"
    name = f"{spec.compressor} {spec.ratio:g}x on {spec.model}"
    text = f"{name}: asked and sent ratio {words}; a block is much of so few bytes, or the run has few steps."
    return [notes.mark(text)]


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


def sentence(expected: Sequence[Expectation], budget_s: float | None) -> str:
    """Say how long all cells will take, and how many fit a budget."""
    total = sum(one.time_s for one in expected)
    modelled = sum(not one.measured for one in expected)
    text = f"Time: about {duration_text(total)} ({total / 3600:.3g} h) for {count_text(len(expected), 'cell')}"
    if modelled:
        on_links = any(one.link_s for one in expected)
        cpu, gpu = ASSUMED_FLOPS_PER_S["cpu"] / 1e9, ASSUMED_FLOPS_PER_S["cuda"] / 1e12
        text += (
            f"; {modelled} of them from their operations alone, at an assumed {cpu:g} GFLOP/s a CPU worker or {gpu:g} "
            f"TFLOP/s a GPU, without data loading, exchange{' off links' if on_links else ''} and compression"
        )
    if budget_s is None:
        return text + "."
    fit = sum(reached <= budget_s for reached in accumulate(one.time_s for one in expected))
    return f"{text}; {fit} of {len(expected)} cells fit the budget of {duration_text(budget_s)}."
