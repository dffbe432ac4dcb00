"""Sums over the steps of a run."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from rsbench.links.wire import wire_bytes
from rsbench.measure.step_times import StepTimes
from rsbench.measure.totals import RunTotals

TIMES = StepTimes(**{f.name: 1.0 for f in dataclasses.fields(StepTimes)})


def stats(payload: int) -> dict[str, Any]:
    return {
        "payload_bytes": payload,
        "wire_bytes": payload,
        "dense_bytes": 4000,
        "one_d_bytes": 4,
        "buckets": 1,
        "mean_density": payload / 8000,
        "density": {"w": payload / 8000},
    }


def filled(payloads: list[int], steady_from_step: int) -> dict[str, Any]:
    tally = RunTotals(2, steady_from_step)
    for payload in payloads:
        tally.add(stats(payload), TIMES)
    return tally.traffic()


def test_the_steady_state_begins_after_the_warm_up() -> None:
    traffic = filled([1000] * 8 + [10] * 2, steady_from_step=8)
    assert traffic["compression_ratio"] == pytest.approx(40_000 / 8020)
    assert traffic["steady_ratio"] == 400
    assert traffic["payload_bytes_per_step"] == 10


def test_each_phase_has_a_warm_up_of_its_own() -> None:
    tally = RunTotals(2, 32)
    for payload in [1000] * 32 + [40] * 2:
        tally.add(stats(payload), TIMES)
    tally.begin_phase()
    again = RunTotals(2, 32)
    again.load_state_dict(tally.state_dict())
    for payload in [1000] * 32 + [40] * 2:
        again.add(stats(payload), TIMES)
    assert again.traffic()["steady_ratio"] == 100


def test_without_a_steady_step_there_is_no_steady_ratio() -> None:
    traffic = filled([1000] * 4, steady_from_step=4)
    assert traffic["steady_ratio"] is None
    assert traffic["payload_bytes_per_step"] == 1000


def test_nothing_sent_has_no_ratio() -> None:
    traffic = filled([0] * 4, steady_from_step=0)
    assert traffic["compression_ratio"] is traffic["wire_ratio"] is traffic["steady_ratio"] is None


def test_skew_is_taken_out_of_the_waiting_of_the_last_steps() -> None:
    tally = RunTotals(2)
    for _ in range(4):
        tally.add(stats(8), TIMES)
    assert tally.waits_s(2) == [1.0, 1.0]
    tally.tell_skew([0.25, 1.0])
    split = tally.time(images_per_step=1)
    assert (split["wait_s"], split["skew_s"]) == pytest.approx(((1 + 0.75 + 0) / 3, (1 + 0.25 + 1) / 3))


def test_steps_without_an_exchange_share_the_next_one() -> None:
    tally = RunTotals(2)
    for index in range(7):
        tally.add(stats(1000) if index in (2, 5, 6) else None, TIMES)
    traffic = tally.traffic()
    assert (traffic["steps"], traffic["exchanges"], traffic["local_steps"]) == (7, 3, 3)
    assert traffic["dense_bytes_total"] == 7 * 4000
    assert traffic["payload_bytes_per_step"] == pytest.approx(3000 / 7)


def test_the_dense_exchange_has_its_headers_and_messages_too() -> None:
    assert filled([1000] * 3, 0)["dense_wire_bytes_total"] == wire_bytes("all_reduce", 12_000, 2, calls=3)


def test_totals_go_on_from_a_checkpoint() -> None:
    def tally(steps: range, begun: RunTotals) -> RunTotals:
        for step in steps:
            begun.add(None if step % 3 == 1 else stats(8 + step), dataclasses.replace(TIMES, wait_s=0.1 * step))
            begun.tell_skew([0.01])
        return begun

    whole, first = tally(range(9), RunTotals(2)), tally(range(5), RunTotals(2))
    first.state_dict()  # asked for twice, as each checkpoint does
    again = RunTotals(2)
    again.load_state_dict(tally(range(5, 7), first).state_dict())
    tally(range(7, 9), again)
    assert again.traffic() == whole.traffic()
    assert again.time(4) == whole.time(4)
