"""What a record says of when a step exchanges what."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from rsbench.measure import exchange_profile
from rsbench.measure.exchange_profile import ExchangeProfile
from rsbench.measure.step_times import FIELDS, BucketTimes, CallSize, PhaseTimes, StepTimes


def call(payload_bytes: int = 40, *, op: str = "all_gather", blocking: bool = False) -> CallSize:
    return CallSize(op=op, payload_bytes=payload_bytes, workers=2, blocking=blocking)


def phase(*buckets: list[CallSize], forward_s: float = 1.0, cpu_s: float | None = 0.5, compress_s: float = 1.0) -> Any:
    times = StepTimes(**{**dict.fromkeys(FIELDS, 1.0), "forward_s": forward_s})
    parts = {"ready_s": 1.0, "wait_s": 0.0, "took_s": 0.5, "decompress_s": 0.25, "compress_s": compress_s}
    return PhaseTimes(
        times=times,
        buckets=[BucketTimes(**parts, calls=calls, compress_cpu_s=0.75) for calls in buckets],
        forward_cpu_s=cpu_s,
    )


def section(*steps: list[PhaseTimes]) -> dict[str, Any]:
    profile = ExchangeProfile()
    for phases in steps:
        profile.add(phases)
    return profile.section()


def test_medians_leave_out_the_first_steps_and_those_of_other_buckets() -> None:
    first = [phase([call()], compress_s=100.0)]
    usual = [[phase([call()], [call()], compress_s=seconds)] for seconds in (1.0, 2.0, 4.0, 2.0, 50.0)]
    odd = [phase([call()], compress_s=70.0)]
    found = section(first, *usual[:2], odd, *usual[2:])
    assert found["steps"] == 4, "min(5, a third of 7) are left out, then the odd one"
    (only,) = found["phases"]
    assert [bucket["compress_s"] for bucket in only["buckets"]] == [3.0, 3.0]
    assert only["buckets"][0]["compress_cpu_s"] == 0.75
    assert only["buckets"][0]["decompress_cpu_s"] is None
    assert (only["before_s"], only["backward_s"], only["after_s"]) == (2.0, 1.0, 2.0)


def test_load_is_wall_time_by_cpu_time_and_unknown_on_devices() -> None:
    assert section([phase([call()], forward_s=3.0, cpu_s=1.5)])["load"] == 2.0
    assert section([phase([call()], cpu_s=None)])["load"] is None


def test_calls_say_how_often_a_step_starts_them() -> None:
    renewal = call(100, op="broadcast", blocking=True)
    found = section(*([phase([renewal, call(8)])], *[[phase([call(8)])]] * 3))
    calls = found["phases"][0]["buckets"][0]["calls"]
    by_op = {one["op"]: one for one in calls}
    assert by_op["all_gather"] == {
        "op": "all_gather",
        "payload_bytes": 8.0,
        "per_step": 1.0,
        "blocking": False,
        "workers": 2,
    }
    assert "broadcast" not in by_op, "the renewal was in a step that is not counted"
    every = section(*[[phase([renewal, call(8), call(16)])]] * 3)["phases"][0]["buckets"][0]["calls"]
    assert [(one["op"], one["payload_bytes"], one["blocking"]) for one in every] == [
        ("broadcast", 100.0, True),
        ("all_gather", 8.0, False),
        ("all_gather", 16.0, False),
    ]


def test_long_runs_keep_steps_evenly_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange_profile, "MOST_STEPS", 8)
    profile = ExchangeProfile()
    for step in range(100):
        profile.add([phase([call(step)])])
    kept = [exchange.number for exchange in profile._kept]
    assert len(kept) <= 9
    assert kept[0] == 0
    assert {later - earlier for earlier, later in itertools.pairwise(kept)} == {16}


def test_a_profile_goes_on_from_a_checkpoint() -> None:
    steps = [[phase(compress_s=2.0)] if step % 3 == 2 else [phase([call(40 + step)])] for step in range(9)]
    whole, first, again = ExchangeProfile(), ExchangeProfile(), ExchangeProfile()
    for phases in steps:
        whole.add(phases)
    for phases in steps[:6]:
        first.add(phases)
    again.load_state_dict(first.state_dict())
    for phases in steps[6:]:
        again.add(phases)
    assert again.section() == whole.section()
    assert again.state_dict() == whole.state_dict()
