"""What is said of a plan's costs beside its tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path

from rsbench.cell import FAST
from rsbench.links.contact import Contact
from rsbench.planning.job import Job, LocatedDataset
from rsbench.planning.request import Request
from rsbench.recipe.partition import parse_partition
from rsbench.run.dry_run.expectation import ASSUMED_FLOPS_PER_S, Expectation
from rsbench.units import bytes_text, count_text, duration_text, number_text


def headline(most: str, jobs: Sequence[Job], expected: Sequence[Expectation]) -> str:
    """Return what all cells cost: ``360 cells, 10 h 00 min on 8 GPUs, 82 GPU hours, 5.8 TB of payload a worker``.

    Args:
        most: how many cells there are, in words.
        jobs: the cells.
        expected: how long each of them takes.
    """
    if not jobs:
        return "Nothing is left to run"
    time_s = sum(one.time_s for one in expected)
    gpu_s = sum(one.time_s * job.spec.workers for job, one in zip(jobs, expected, strict=True) if _on_gpu(job))
    sent, what = sum(job.sent_bytes for job in jobs), "payload"
    if any(job.score_bytes for job in jobs):
        what = "payload and scores"
    words = [
        f"{most[0].upper()}{most[1:]}",
        f"{least_words(expected)}{duration_text(time_s)} on {_devices(jobs)}",
        *([f"{number_text(gpu_s / 3600)} GPU hours"] if gpu_s else []),
        f"{bytes_text(sent)} of {what} a worker",
    ]
    return ", ".join(words)


def least_words(expected: Sequence[Expectation]) -> str:
    """Return ``at least`` where a time is from operations alone: a run starts, loads, exchanges and compresses too."""
    return "" if all(one.measured for one in expected) else "at least "


def _on_gpu(job: Job) -> bool:
    return job.spec.device == "cuda"


def _devices(jobs: Sequence[Job]) -> str:
    """Return ``8 GPUs``, ``2 CPU workers`` or ``up to 4 CPU workers``."""
    counts = {job.spec.workers for job in jobs}
    nouns = {"GPU" if _on_gpu(job) else "CPU worker" for job in jobs}
    text = count_text(max(counts), nouns.pop() if len(nouns) == 1 else "worker")
    return text if len(counts) == 1 else f"up to {text}"


def data_sentences(located: Mapping[str, LocatedDataset], data_root: Path) -> list[str]:
    """Return the sentence on data sets that are planned without their files, if there are any."""
    absent = [f"{name} ({data.dataset.contents})" for name, data in located.items() if not data.is_on_disk]
    return [f"Not in {data_root}, so planned from the declared size: {'; '.join(absent)}."] if absent else []


def facts(jobs: Sequence[Job], expected: Sequence[Expectation], request: Request) -> list[str]:
    """Return the sentences that stand above the tables, each where it applies."""
    sentences = [*_time_sentences(expected), *_budget_sentences(expected, request.budget_s)]
    if any(job.spec.link is not None for job in jobs):
        sentences.append(_link_sentence(jobs, expected, request.contact))
    sentences += _partition_sentences(jobs)
    if not all(job.spec.deterministic for job in jobs):
        sentences.append(f"Fast: {FAST}; such cells are not those of --deterministic.")
    if request.ours:
        sentences.append(f"Not known from the paper, our choice: {', '.join(request.ours)}.")
    return sentences


def _time_sentences(expected: Sequence[Expectation]) -> list[str]:
    """Say which times are from operations alone; nothing where all were measured."""
    modelled = sum(not one.measured for one in expected)
    if not modelled:
        return []
    on_links = any(one.link_s for one in expected)
    cpu, gpu = ASSUMED_FLOPS_PER_S["cpu"] / 1e9, ASSUMED_FLOPS_PER_S["cuda"] / 1e12
    which = "Times are" if modelled == len(expected) else f"Times of {count_text(modelled, 'cell')} are"
    return [
        f"{which} from operations alone, at an assumed {cpu:g} GFLOP/s a CPU worker or {gpu:g} TFLOP/s a GPU, without "
        f"start, data loading, exchange{' off links' if on_links else ''} and compression."
    ]


def _budget_sentences(expected: Sequence[Expectation], budget_s: float | None) -> list[str]:
    """Say how many cells fit a budget, where there is one."""
    if budget_s is None:
        return []
    fit = sum(reached <= budget_s for reached in accumulate(one.time_s for one in expected))
    return [f"{fit} of {len(expected)} cells fit the budget of {duration_text(budget_s)}."]


def _link_sentence(jobs: Sequence[Job], expected: Sequence[Expectation], contact: Contact | None) -> str:
    """Say what the cells with links send, and how long that takes."""
    on_links = [(job, one) for job, one in zip(jobs, expected, strict=True) if job.spec.link is not None]
    sent_bytes = sum(job.wire_bytes for job, _ in on_links)
    link_s = sum(one.link_s for _, one in on_links)
    busy_s = sum(one.time_s for _, one in on_links)
    return (
        f"Links: in {count_text(len(on_links), 'cell')} a worker sends {bytes_text(sent_bytes)} in all, headers "
        f"included, which takes {duration_text(link_s)} ({number_text(link_s / 3600)} h) of the time at most: modelled "
        f"from the plan, not overlapped with computing.{_pass_words(contact, busy_s, sent_bytes)}"
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
        f"({number_text(elapsed_s / 3600)} h) in {passes:,} pass{'' if passes == 1 else 'es'}, {per_pass} a pass."
    )
