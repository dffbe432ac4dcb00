"""A setting's modelled steps: the base that its rows share, seeds, busy machines, and records that know no latency."""

from __future__ import annotations

import pytest
from link_records import Maker, link_record, modelled_s
from report_parts import column, comparison_of

from rsbench.links.link import parse_link
from rsbench.reports import build_report
from rsbench.reports.analysis.comparison import BUSY, NO_CALLS

LINK = parse_link("100mbit")
FAR = parse_link("100mbit:latency=600ms")


def test_one_seed_is_predicted_without_a_range(make_record: Maker) -> None:
    whole = comparison_of([link_record(make_record, name) for name in ("none", "topk")])
    for method, name in zip(whole.finished, ("none", "topk"), strict=True):
        prediction = whole.predict(method, LINK)
        assert prediction is not None
        assert prediction.step_s == pytest.approx(modelled_s(name, "100mbit"))
        assert (prediction.low_s, prediction.high_s, prediction.doubt) == (None, None, "")


def test_seeds_give_a_range_around_the_middle_one(make_record: Maker) -> None:
    records = [link_record(make_record, name, seed=seed) for name in ("none", "topk") for seed in range(3)]
    for record in records[3:]:
        seed = record["cell"]["seed"]
        bucket = record["exchange"]["phases"][0]["buckets"][0]
        bucket["compress_s"] = bucket["compress_cpu_s"] = (0.01, 0.03, 0.02)[seed]
    whole = comparison_of(records)
    prediction = whole.predict(whole.finished[1], LINK)
    assert prediction is not None
    steps_s = [prediction.low_s, prediction.step_s, prediction.high_s]
    assert steps_s == pytest.approx([modelled_s("topk", "100mbit") + more for more in (0.0, 0.01, 0.02)])
    point = whole.break_even(whole.finished[1])
    assert point is not None
    assert point.bits_per_s is not None
    assert point.low_bits_per_s is not None
    assert point.high_bits_per_s is not None
    assert point.low_bits_per_s < point.bits_per_s < point.high_bits_per_s


@pytest.mark.parametrize("loads", [(1.0, 2.5), (2.5, 1.0), (2.0, 2.9)])
def test_a_break_even_is_the_same_on_a_busy_machine(loads: tuple[float, float], make_record: Maker) -> None:
    speeds = []
    for of_none, of_topk in ((1.0, 1.0), loads):
        rows = [link_record(make_record, "none", load=of_none), link_record(make_record, "topk", load=of_topk)]
        whole = comparison_of(rows)
        point = whole.break_even(whole.finished[1])
        assert point is not None
        assert point.doubt == ""
        speeds.append(point.bits_per_s)
    assert speeds[1] == pytest.approx(speeds[0], rel=0.01)


def test_above_a_load_nothing_is_said_of_links(make_record: Maker) -> None:
    records = [link_record(make_record, "none"), link_record(make_record, "topk", load=1.2 * BUSY)]
    whole = comparison_of(records)
    prediction = whole.predict(whole.finished[1], LINK)
    assert prediction is not None
    assert prediction.doubt == "other programs took the cores for 72 % of the time while it or none was measured"
    section = build_report(records).sections[0]
    assert column(section.tables[0], "Break-even")["topk 100x"].startswith("? [")
    assert "Nothing is said of links, because other programs took the cores for 72 % of the time" in section.conclusion
    idle = build_report([link_record(make_record, name) for name in ("none", "topk")]).sections[0]
    assert column(idle.tables[0], "Break-even")["topk 100x"].startswith("< ")
    assert "By the link of a worker" in idle.conclusion


def test_each_exchange_pays_the_latency_where_records_know_it(make_record: Maker) -> None:
    whole = comparison_of([link_record(make_record, name) for name in ("none", "topk")])
    paid = []
    for method in whole.finished:
        near, far = whole.predict(method, LINK), whole.predict(method, FAR)
        assert near is not None
        assert far is not None
        assert far.doubt == ""
        paid.append(far.step_s - near.step_s)
    assert paid == pytest.approx([2 * 0.6, 0.6]), "two messages of a sum between two workers, one of a gather"


def test_older_records_are_in_doubt_on_links_with_latency_alone(make_record: Maker) -> None:
    whole = comparison_of([make_record(), make_record(compressor="topk", ratio=10.0)])
    for method in whole.finished:
        near, far = whole.predict(method, LINK), whole.predict(method, FAR)
        assert near is not None
        assert far is not None
        assert (near.doubt, far.doubt) == ("", NO_CALLS)
        assert far.step_s == near.step_s


def test_a_row_without_step_times_has_no_prediction(make_record: Maker) -> None:
    records = [make_record(), make_record(compressor="topk", ratio=10.0)]
    records[1]["time"]["step_time_s"] = None
    whole = comparison_of(records)
    assert whole.predict(whole.finished[1], LINK) is None
    assert whole.costs(whole.finished[1]) is None
