"""What a plan says of the time on links."""

from __future__ import annotations

from typing import Any

import pytest

from rsbench.cell import CellSpec
from rsbench.compressors.base.planned_collective import PlannedCollective
from rsbench.links.collective_time import NCCL, collective_s
from rsbench.links.link import Link, parse_link
from rsbench.planning.estimate import Estimate
from rsbench.planning.job import Job
from rsbench.run.dry_run.link_time import link_time_s


def job(link: str | None, *collectives: PlannedCollective, workers: int = 4, device: str = "cpu") -> Job:
    values: dict[str, Any] = {"dataset": "synthetic", "dataset_fingerprint": "f00d", "model": "smallvgg"}
    values |= {"compressor": "none", "ratio": None, "lr": 0.1, "seed": 0, "workers": workers, "device": device}
    values |= {"epochs": 1, "batch_size": 8, "image_size": 32, "split": "50/10/40", "optimizer": "sgd", "link": link}
    estimate = Estimate(
        payload_bytes_per_step=1.0,
        total_payload_bytes=10,
        compression_ratio=1.0,
        wire_ratio=1.0,
        memory_bytes_per_worker=1,
        flops_per_step=1.0,
        collectives=collectives,
    )
    return Job(
        spec=CellSpec(**values), task="scenes", compressor="none", steps_per_epoch=10, steps=10, estimate=estimate
    )


def test_each_call_has_its_share_of_the_bytes() -> None:
    calls = (PlannedCollective("all_reduce", 40_000_000, 20), PlannedCollective("broadcast", 600, 2))
    link = parse_link("geo")
    expected = 20 * collective_s("all_reduce", 2e6, 4, link) + 2 * collective_s("broadcast", 300, 4, link)
    assert link_time_s(job("geo", *calls)) == pytest.approx(expected)
    # Six messages of a ring, each half a round trip at least.
    assert expected > 20 * 6 * 0.683 / 2
    on_gpus = 20 * collective_s("all_reduce", 2e6, 4, link, NCCL) + 2 * collective_s("broadcast", 300, 4, link, NCCL)
    assert link_time_s(job("geo", *calls, device="cuda")) == pytest.approx(on_gpus)
    assert on_gpus < expected


def test_the_slowest_link_holds_up_all() -> None:
    calls = PlannedCollective("all_gather", 1_000_000, 10)
    slow = Link(down_bits_per_s=1e6, up_bits_per_s=1e6)
    assert link_time_s(job("50mbit;3=1mbit", calls)) == pytest.approx(10 * collective_s("all_gather", 1e5, 4, slow))


def test_without_a_link_or_calls_there_is_no_time() -> None:
    assert link_time_s(job(None, PlannedCollective("all_reduce", 1000, 1))) == 0
    assert link_time_s(job("geo", PlannedCollective("broadcast", 0, 0))) == 0


def test_a_job_comes_back_from_another_node_with_its_collectives() -> None:
    here = job("geo", PlannedCollective("all_reduce", 40_000_000, 20))
    there = Job.from_dict(here.to_dict())
    assert link_time_s(there) == link_time_s(here)
