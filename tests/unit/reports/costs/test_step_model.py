"""Modelled steps with known answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from rsbench.links.link import Link
from rsbench.reports.costs.recorded import costs_of, foreign_load
from rsbench.reports.costs.step_model import (
    BucketCost,
    CallCost,
    PhaseCost,
    StepCosts,
    shared_base,
    with_base,
)

LINK = Link(down_bits_per_s=1e8, up_bits_per_s=1e8)


def second_a_megabyte(op: str, payload_bytes: float, workers: int, link: Link) -> float:
    """A link on which a call takes a second a megabyte, and a tenth for each worker in a gather."""
    return payload_bytes / 1e6 + link.round_trip_s + (0.1 * workers if op == "all_gather" else 0.0)


def call(megabytes: float, *, op: str = "all_reduce", blocking: bool = False, per_step: float = 1.0) -> CallCost:
    return CallCost(op=op, payload_bytes=1e6 * megabytes, per_step=per_step, blocking=blocking, workers=2)


def bucket(ready_s: float, *calls: CallCost, compress_s: float = 0.0, decompress_s: float = 0.0) -> BucketCost:
    return BucketCost(ready_s=ready_s, compress_s=compress_s, decompress_s=decompress_s, calls=calls)


def step(*buckets: BucketCost, before_s: float = 1.0, backward_s: float = 4.0, after_s: float = 0.5) -> StepCosts:
    phase = PhaseCost(before_s=before_s, forward_s=before_s, backward_s=backward_s, after_s=after_s, buckets=buckets)
    return StepCosts(name="x", phases=(phase,), wire_bytes_per_step=0.0)


@pytest.mark.parametrize(
    ("costs", "seconds"),
    [
        (step(bucket(4.0, call(3))), 1 + 4 + 3 + 0.5),
        (step(bucket(4.0, call(3), compress_s=0.25, decompress_s=0.125)), 1 + 4 + 0.25 + 3 + 0.125 + 0.5),
        # The first bucket's 2 s pass while backward computes its last 3; the second waits 1 s for nothing but itself.
        (step(bucket(1.0, call(2)), bucket(4.0, call(1))), 1 + 4 + 1 + 0.5),
        # The link is still busy with the first when the second is ready.
        (step(bucket(1.0, call(5)), bucket(4.0, call(1))), 1 + 1 + 5 + 1 + 0.5),
        # Decoding of the first waits for the link, that of the second for the first's.
        (step(bucket(1.0, call(4), decompress_s=2.0), bucket(4.0, call(1), decompress_s=1.0)), 1 + 1 + 4 + 2 + 1 + 0.5),
        # A hook that waits stops computing: what comes after is later by 2 s.
        (step(bucket(1.0, call(2, blocking=True)), bucket(4.0)), 1 + 4 + 2 + 0.5),
        (step(bucket(4.0, call(2, blocking=True), call(1))), 1 + 4 + 2 + 1 + 0.5),
        # Every tenth step renews.
        (step(bucket(4.0, call(2, blocking=True, per_step=0.1), call(1))), 1 + 4 + 0.2 + 1 + 0.5),
        # Compressing the first makes the second later, too.
        (step(bucket(1.0, call(0.5), compress_s=1.0), bucket(4.0, call(1))), 1 + 4 + 1 + 1 + 0.5),
        (step(bucket(4.0)), 1 + 4 + 0.5),
    ],
)
def test_exchange_overlaps_with_computing_as_ddp_does_it(costs: StepCosts, seconds: float) -> None:
    assert costs.step_time_s(LINK, call_s=second_a_megabyte) == pytest.approx(seconds)


def test_each_call_has_the_links_latency() -> None:
    costs = step(bucket(4.0, call(1, blocking=True), call(1)))
    far = Link(down_bits_per_s=1e8, up_bits_per_s=1e8, round_trip_s=0.6)
    near_s, far_s = (costs.step_time_s(link, call_s=second_a_megabyte) for link in (LINK, far))
    assert far_s - near_s == pytest.approx(2 * 0.6)


def test_more_workers_gather_and_decode_more_messages() -> None:
    costs = step(bucket(4.0, call(1, op="all_gather"), decompress_s=0.5))
    two, eight = (costs.step_time_s(LINK, workers, second_a_megabyte) for workers in (2, 8))
    assert eight - two == pytest.approx(0.1 * 6 + 0.5 * 3)


def test_a_sum_beside_gathered_statuses_is_decoded_once() -> None:
    status, values = call(0, op="all_gather"), call(1)
    assert bucket(4.0, status, values, decompress_s=0.5).decompress_at(8) == 0.5
    assert bucket(4.0, values, status, decompress_s=0.5).decompress_at(8) == 2.0


def exchange(*, forward_s: float = 0.02, load: float = 1.0, compress_s: float = 0.01, cpu_s: float = 0.01) -> Any:
    return {
        "phases": [
            {
                "before_s": 1.05 * forward_s,
                "forward_s": forward_s,
                "backward_s": 1.5 * forward_s,
                "after_s": 0.1 * forward_s,
                "buckets": [
                    {
                        "ready_s": 1.5 * forward_s,
                        "compress_s": compress_s,
                        "wait_s": 0.0,
                        "took_s": 0.001,
                        "decompress_s": 0.0,
                        "compress_cpu_s": cpu_s,
                        "decompress_cpu_s": 0.0,
                        "calls": [
                            {
                                "op": "all_gather",
                                "payload_bytes": 40_000.0,
                                "per_step": 1.0,
                                "blocking": False,
                                "workers": 2,
                            }
                        ],
                    }
                ],
            }
        ],
        "load": load,
        "steps": 50,
        "foreign_share": 0.0,
        "cores": 2,
        "ranks_here": 2,
    }


def test_a_busy_machine_lengthens_wall_times_and_not_the_cost(make_record: Callable[..., dict[str, Any]]) -> None:
    idle, busy = (make_record(provenance={"runtime": {"threads": 1}}) for _ in range(2))
    idle["exchange"] = exchange()
    busy["exchange"] = exchange(forward_s=0.04, load=2.0, compress_s=0.02)
    assert (foreign_load(idle), foreign_load(busy)) == (1.0, 2.0)
    one, other = costs_of(idle, "x"), costs_of(busy, "x")
    assert one is not None
    assert other is not None
    assert other.step_time_s(LINK) == pytest.approx(one.step_time_s(LINK), rel=0.02)


def test_waiting_for_the_last_rank_is_for_no_link(make_record: Callable[..., dict[str, Any]]) -> None:
    prompt, late = make_record(), make_record()
    prompt["exchange"] = late["exchange"] = exchange()
    late["time"]["skew_s"] = 0.007
    steps_s = [costs.step_time_s(LINK) for record in (prompt, late) if (costs := costs_of(record, "x"))]
    assert steps_s[1] - steps_s[0] == pytest.approx(0.007)


def test_workers_that_share_cores_are_no_other_programs(make_record: Callable[..., dict[str, Any]]) -> None:
    record = make_record(provenance={"runtime": {"threads": 1}})
    record["exchange"] = exchange(load=2.0) | {"ranks_here": 4}
    assert foreign_load(record) == 1.0


def test_all_methods_share_one_base_and_keep_their_own_hooks() -> None:
    quick = step(bucket(4.0, compress_s=0.1))
    usual = step(bucket(4.0, compress_s=0.2))
    slow = step(bucket(8.0, compress_s=0.6), before_s=2.0, backward_s=8.0, after_s=1.0)
    base = shared_base([quick, usual, slow])
    assert [with_base(costs, base).step_time_s(LINK) for costs in (quick, usual, slow)] == pytest.approx(
        [5.6, 5.7, 5.8]
    )


def test_computing_alone_is_the_step_on_a_link_without_end() -> None:
    costs = step(
        bucket(1.0, call(4), compress_s=0.25, decompress_s=6.0),
        bucket(4.0, call(1, blocking=True), compress_s=0.25, decompress_s=1.0),
    )
    # Decoding of the first begins at 2.25 s and outlasts backward.
    assert costs.compute_s == pytest.approx(2.25 + 6 + 1 + 0.5)
    assert costs.compute_s == pytest.approx(costs.step_time_s(LINK, call_s=lambda *_: 0.0))


def test_a_slow_disk_does_not_make_a_hook_cheap() -> None:
    """Only forward, the same work for all, tells how busy the machine was; loading a batch does not."""
    costs = step(bucket(4.0, compress_s=0.2))
    slow_disk = dataclasses.replace(costs.phases[0], before_s=3.0)
    late = dataclasses.replace(costs, phases=(slow_disk,))
    assert with_base(late, costs.phases).step_time_s(LINK) == pytest.approx(costs.step_time_s(LINK))


def test_an_older_record_has_its_split_and_its_bytes(make_record: Callable[..., dict[str, Any]]) -> None:
    record = make_record(split_ms={"wait_s": 40.0})
    costs = costs_of(record, "none")
    assert costs is not None
    assert not costs.knows_calls
    waited = record["time"]["wait_s"]
    assert costs.compute_s == pytest.approx(record["time"]["step_time_s"] - waited)
    bytes_s = 8 * record["traffic"]["wire_bytes_total"] / record["traffic"]["steps"] / 1e8
    assert costs.step_time_s(LINK) == pytest.approx(costs.compute_s + bytes_s)


def test_a_record_of_nccl_has_the_ring_of_nccl(make_record: Callable[..., dict[str, Any]]) -> None:
    steps_s = []
    for backend in ("gloo", "nccl"):
        record = make_record(provenance={"runtime": {"threads": 1, "backend": backend}})
        record["exchange"] = exchange()
        costs = costs_of(record, "x")
        assert costs is not None
        steps_s.append(
            [costs.step_time_s(Link(down_bits_per_s=1e8, up_bits_per_s=1e8, round_trip_s=rt)) for rt in (0, 1)]
        )
    assert [far - near for near, far in steps_s] == pytest.approx([1.0, 0.5])
