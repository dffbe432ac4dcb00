"""Steps of more workers, with known answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rsbench.links.link import Link
from rsbench.links.tiers import Nodes
from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.settings import split_by_setting
from rsbench.reports.costs.link_model import wired
from rsbench.reports.scale.growth import Growth

ALONE = Nodes(per_node=1, inside=Link(down_bits_per_s=1e12, up_bits_per_s=1e12))


def exchange(op: str, payload_bytes: float, compress_s: float) -> dict[str, Any]:
    call = {"op": op, "payload_bytes": payload_bytes, "per_step": 1.0, "blocking": False, "workers": 2}
    bucket = {
        **{"ready_s": 0.03, "compress_s": compress_s, "wait_s": 0.0, "took_s": 0.0, "decompress_s": 0.0},
        "calls": [call],
    }
    phase = {"before_s": 0.02, "forward_s": 0.02, "backward_s": 0.03, "after_s": 0.0, "buckets": [bucket]}
    return {"phases": [phase], "load": 1.0, "steps": 9, "foreign_share": 0.0, "cores": 2, "ranks_here": 2}


@pytest.fixture
def growth(make_record: Callable[..., dict[str, Any]]) -> Growth:
    none, topk = make_record(), make_record(compressor="topk", ratio=100.0)
    none["exchange"] = exchange("all_reduce", 4e6, 0.0)
    topk["exchange"] = exchange("all_gather", 4e4, 0.005)
    (setting,) = split_by_setting([none, topk])
    return Growth(Comparison(setting), ALONE)


def test_a_link_without_end_leaves_computing_and_messages(growth: Growth) -> None:
    fast = wired(1e13)
    assert growth.step_s("none", 2, fast) == pytest.approx(0.05, abs=0.003)
    assert growth.step_s("topk 100x", 2, fast) == pytest.approx(0.055, abs=0.003)
    assert growth.efficiency("none", 2, fast) == pytest.approx(1.0, abs=0.05)


def test_a_gather_overtakes_a_sum_at_twice_the_ratio(growth: Growth) -> None:
    found = growth.overtakes_at("topk 100x")
    assert found is not None
    assert found == pytest.approx(200, rel=0.1)
    assert growth.costs["topk 100x"].sent_bytes(found) > growth.costs["none"].sent_bytes(found)
    assert growth.costs["topk 100x"].sent_bytes(found - 1) <= growth.costs["none"].sent_bytes(found - 1)


def test_a_sum_keeps_its_bytes_and_a_gather_does_not(growth: Growth) -> None:
    slow = wired(1e8)
    dense = [growth.step_s("none", workers, slow) for workers in (64, 128)]
    gathered = [growth.step_s("topk 100x", workers, slow) for workers in (64, 128)]
    assert dense[1] / dense[0] < 1.3
    assert gathered[1] / gathered[0] > 1.7


def test_break_even_follows_the_bytes(growth: Growth) -> None:
    two, many = (growth.break_even("topk 100x", workers) for workers in (2, 4096))
    assert two is not None
    assert many is not None
    assert (two.case, many.case == "below") == ("below", False)
    assert growth.break_even("none", 2) is None


def test_messages_take_what_the_recorded_backend_takes(make_record: Callable[..., dict[str, Any]]) -> None:
    none = make_record(provenance={"runtime": {"backend": "nccl", "gpu": None}})
    none["exchange"] = exchange("all_reduce", 4e6, 0.0)
    (setting,) = split_by_setting([none])
    step_s = Growth(Comparison(setting), ALONE).step_s("none", 1024, wired(1e13))
    assert step_s == pytest.approx(0.05, abs=0.003)


def test_rows_whose_messages_change_with_the_workers_are_left_out(
    make_record: Callable[..., dict[str, Any]],
) -> None:
    none, regions, groups = make_record(), make_record(compressor="topk", ratio=100.0), make_record(compressor="dgc")
    none["exchange"] = exchange("all_reduce", 4e6, 0.0)
    regions["exchange"] = exchange("all_to_all", 4e4, 0.0)
    groups["exchange"] = exchange("all_gather", 4e4, 0.0)
    groups["exchange"]["phases"][0]["buckets"][0]["calls"][0]["workers"] = 1
    (setting,) = split_by_setting([none, regions, groups])
    growth = Growth(Comparison(setting), ALONE)
    assert list(growth.costs) == ["none"]
    assert len(growth.left_out) == 2


def test_a_busy_machine_is_a_doubt(make_record: Callable[..., dict[str, Any]]) -> None:
    none, topk = make_record(), make_record(compressor="topk", ratio=100.0)
    none["exchange"] = exchange("all_reduce", 4e6, 0.0)
    topk["exchange"] = exchange("all_gather", 4e4, 0.0) | {"load": 9.0}
    (setting,) = split_by_setting([none, topk])
    point = Growth(Comparison(setting), ALONE).break_even("topk 100x", 8)
    assert point is not None
    assert "other programs took the cores" in point.doubt


def test_who_is_the_fastest_is_one_of_those_whose_accuracy_holds(growth: Growth) -> None:
    assert growth.fastest(2, wired(1e7)) == "topk 100x"
    assert growth.fastest(4096, wired(1e7)) == "none"
