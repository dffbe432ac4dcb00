"""A setting on a link: runs, targets, bytes and what is advised."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from exchange_records import with_exchange
from pruned_records import SCORE_BYTES, pruned
from report_parts import comparison_of

from rsbench.links.collective_time import collective_s
from rsbench.links.contact import Contact
from rsbench.links.link import parse_link
from rsbench.reports.analysis.comparison import NO_CALLS
from rsbench.reports.analysis.on_link import OnLink, candidates

Maker = Callable[..., dict[str, Any]]


@pytest.fixture
def records(make_record: Maker) -> list[dict[str, Any]]:
    methods: list[tuple[str, float | None, float]] = [
        ("none", None, 0.80),
        ("dgc", 100.0, 0.80),
        ("topk", 1000.0, 0.60),
        ("noop", None, 0.0),
    ]
    return [
        with_exchange(make_record(compressor=name, ratio=ratio, oa=oa + seed / 1000, seed=seed, history=True))
        for seed in (0, 1)
        for name, ratio, oa in methods
    ]


def on(records: list[dict[str, Any]], link: str, contact: Contact | None = None) -> OnLink:
    return OnLink(comparison=comparison_of(records), link=parse_link(link), contact=contact)


def test_a_run_is_its_steps_on_the_link(records: list[dict[str, Any]]) -> None:
    on_link = on(records, "10mbit:latency=600ms")
    run = on_link.runs["none"]
    prediction = on_link.comparison.predict(run.method, on_link.link)
    assert prediction is not None
    assert run.run_s == 600 * prediction.step_s
    # Two all-reduces of 2 MB between two workers: 2 MB each way and headers, and 2 x 2 half round trips.
    assert prediction.step_s > 2 * 8 * 2e6 / 10e6 + 4 * 0.3
    # All seeds have 96 % of their last score after three of four epochs.
    assert (run.target_steps, run.target_s) == (450, 450 * prediction.step_s)
    assert on_link.speed_up(run) is None
    assert on_link.speed_up(on_link.runs["dgc 100x"]) == pytest.approx(
        prediction.step_s / on_link.runs["dgc 100x"].prediction.step_s
    )


def test_a_lower_accuracy_is_not_advised(records: list[dict[str, Any]]) -> None:
    on_link = on(records, "1mbit")
    runs = {label: run.run_s for label, run in on_link.runs.items()}
    assert min(runs, key=lambda label: runs[label]) == "noop"
    assert runs["topk 1000x"] < runs["dgc 100x"]
    assert [method.label for method in candidates(on_link.comparison)] == ["none", "dgc 100x"]
    assert on_link.best is on_link.runs["dgc 100x"]


def test_a_target_that_is_missed_has_no_hours(records: list[dict[str, Any]]) -> None:
    run = on(records, "1mbit").runs["topk 1000x"]
    assert run.reached is not None and (run.reached.reached, run.reached.count) == (0, 2)
    assert run.target_s is None


def test_bytes_are_those_of_the_kernel_where_it_counted_all_seeds(records: list[dict[str, Any]]) -> None:
    runs = on(records, "1mbit").runs
    assert (runs["none"].sent_bytes, runs["none"].received_bytes) == (2.4e9, 2.4e9)
    for record in records:
        if record["cell"]["compressor"] == "none":
            counts = {"wire_bytes_measured_total": 5, "wire_bytes_received_total": 7}
            record["traffic"] |= counts | {"wire_counter": "interface"}
    runs = on(records, "1mbit").runs
    assert (runs["none"].sent_bytes, runs["none"].received_bytes) == (5, 7)
    records[0]["traffic"]["wire_bytes_measured_total"] = None
    assert on(records, "1mbit").runs["none"].sent_bytes == 2.4e9


def test_older_records_are_in_doubt_where_the_link_has_latency(make_record: Maker) -> None:
    records = [make_record(), make_record(compressor="dgc", ratio=100.0)]
    assert on(records, "10mbit").runs["none"].prediction.doubt == ""
    assert on(records, "10mbit:latency=600ms").runs["none"].prediction.doubt == NO_CALLS


def test_titles(records: list[dict[str, Any]]) -> None:
    assert on(records, "10mbit").title == "a link of 10 Mbit/s"
    contact = Contact(visible_s=480, period_s=5700)
    assert on(records, "geo", contact).title == (
        "geo (48 Mbit/s down, 4.4 Mbit/s up, 683 ms round trip), there 8 min of each 95 min"
    )
    assert on(records, "geo", contact).elapsed_s(481) == 5701
    assert on(records, "geo").elapsed_s(481) == 481


def test_a_run_with_scores_takes_their_exchange_too(make_record: Maker) -> None:
    on_link = on([with_exchange(make_record()), with_exchange(pruned(make_record, "tdds:0.5"))], "1mbit:latency=600ms")
    run = on_link.runs["none, tdds:0.5"]
    exchange_s = 20 * collective_s("all_reduce", SCORE_BYTES / 20, 2, on_link.link)
    assert exchange_s > 8 * SCORE_BYTES / 1e6
    assert run.run_s == pytest.approx(500 * run.prediction.step_s + exchange_s)
    assert on_link.runs["none"].scores_s == 0
