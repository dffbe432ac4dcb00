"""Differences to the reference, which loss is tolerated, and modelled steps: their base, seeds and busy machines."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from emulated_study import link_record, modelled_s
from report_parts import column, comparison_of, table_of

from rsbench.errors import RsbenchError
from rsbench.judging import Judging
from rsbench.links.link import parse_link
from rsbench.metrics import TASKS
from rsbench.reports import build_report
from rsbench.reports.analysis.comparison import BUSY, NO_CALLS

Maker = Callable[..., dict[str, Any]]
LINK = parse_link("100mbit")
FAR = parse_link("100mbit:latency=600ms")


def test_reports_correct_for_the_number_of_comparisons(make_record: Maker) -> None:
    """A gain whose own interval is above zero is no finding when it is the luckiest of five."""
    lucky, flat = (0.008, 0.012, 0.013, 0.004), (0.01, -0.012, 0.004, -0.003)
    none = [make_record(seed=seed, oa=0.8) for seed in range(4)]

    def row(name: str, gains: tuple[float, ...]) -> list[dict[str, Any]]:
        return [make_record(compressor=name, ratio=10.0, seed=s, oa=0.8 + gain) for s, gain in enumerate(gains)]

    alone = build_report([*none, *row("dgc", lucky)]).sections[0]
    text = column(table_of(alone, "Comparison"), "vs none")["dgc 10x"]
    assert text.startswith("+0.9 [+0.3, +1.6]") and not text.endswith("~")
    assert any("are of one comparison (95 %, paired t), ~ where one holds zero" in note for note in alone.notes)
    others = [record for name in ("topk", "rsdgc", "randomk", "blocktopk") for record in row(name, flat)]
    five = build_report([*none, *row("dgc", lucky), *others]).sections[0]
    assert column(table_of(five, "Comparison"), "vs none")["dgc 10x"] == "+0.9 [-0.3, +2.1] ~"
    assert any("hold together for the 5 comparisons with none" in note for note in five.notes)


def losing(make_record: Maker, losses: tuple[float, ...], **more: Any) -> list[dict[str, Any]]:
    """Records of none and of topk, which loses so much of OA at each seed."""
    return [
        record
        for seed, loss in enumerate(losses)
        for record in (
            make_record(seed=seed, oa=0.8, **more),
            make_record(compressor="topk", ratio=10.0, seed=seed, oa=0.8 - loss, **more),
        )
    ]


@pytest.mark.parametrize(
    ("tolerance", "is_left_out"), [(None, True), (3.0, True), (4.1, False), (100.0, False), (0.0, True)]
)
def test_reports_the_tolerated_loss_is_the_users(
    tolerance: float | None, is_left_out: bool, make_record: Maker
) -> None:
    """A mean loss of 4 points whose interval holds zero."""
    judging = Judging(tolerance=tolerance)
    section = build_report(losing(make_record, (0.0, 0.08, 0.04)), judging=judging).sections[0]
    assert column(table_of(section, "Comparison"), "vs none")["topk 10x"] == "-4.0 [-13.9, +5.9] ~"
    assert ("Left out because" in section.conclusion) == is_left_out
    if is_left_out:
        points = 3 if tolerance is None else tolerance
        assert f"or over {points:g} points lower on average: topk 10x (-4.0 points [-13.9, +5.9] ~)" in (
            section.conclusion
        )


@pytest.mark.parametrize("score", [0.9, 0.83, 0.8, 0.57])
@pytest.mark.parametrize("points", [1, 2, 3, 5])
def test_reports_a_loss_as_large_as_the_tolerated_one_is_tolerated(score: float, points: int) -> None:
    """0.87 - 0.90 is a little below -0.03 in floating-point numbers."""
    metric, judging = TASKS["scenes"].metric, Judging(tolerance=points)
    lower = round(score - points / 100, 2)
    assert not judging.is_intolerable(metric, lower - score)
    assert judging.is_intolerable(metric, lower - score - 1e-6), "one sample in a million more"


def test_reports_a_clear_loss_is_left_out_whatever_is_tolerated(make_record: Maker) -> None:
    records = losing(make_record, (0.019, 0.02, 0.021))
    assert "topk 10x (-2.0 points [-2.2, -1.8])" in (
        build_report(records, judging=Judging(tolerance=50)).sections[0].conclusion
    )


@pytest.mark.parametrize("tolerance", [-1.0, 100.1, math.nan, math.inf])
def test_a_tolerance_that_no_loss_can_have_is_refused(tolerance: float) -> None:
    with pytest.raises(RsbenchError, match="a number of points from 0 to 100"):
        Judging(tolerance=tolerance)


def test_reports_a_tolerance_counts_hundredths_of_an_auc(target_records: list[dict[str, Any]]) -> None:
    text = build_report(target_records, judging=Judging(tolerance=1.5)).sections[0].conclusion
    assert "AUC(Pd,Pf) is clearly lower, or over 0.015 lower on average" in text


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "They are about other seeds on these test images, which all seeds share, not about other images"),
        (
            {"split": "redrawn:50/10/40"},
            "Each seed has test images of its own, and the seeds' parts overlap: as claims",
        ),
        ({"key_version": 2}, "Each seed has test images of its own"),
        ({"key_version": 2, "dataset": {"split": "official lists (a, b)"}}, "They are about other seeds on these test"),
    ],
)
def test_reports_say_what_intervals_are_about(more: dict[str, Any], words: str, make_record: Maker) -> None:
    section = build_report(losing(make_record, (0.01, 0.02, 0.03), **more)).sections[0]
    assert any(words in note for note in section.notes), section.notes


def test_reports_intervals_about_new_data_are_those_of_the_corrected_resampled_t(make_record: Maker) -> None:
    """1,050 images train and 840 test: the error is sd sqrt(1 / 3 + 0.8), and t(0.975, 2) = 4.3027."""
    judging = Judging(intervals="new-data")
    section = build_report(losing(make_record, (0.01, 0.02, 0.03)), judging=judging).sections[0]
    half = 4.302653 * 1.0 * math.sqrt(1 / 3 + 840 / 1050)
    assert (
        column(table_of(section, "Comparison"), "vs none")["topk 10x"] == f"-2.0 [{-2 - half:+.1f}, {-2 + half:+.1f}] ~"
    )
    assert any("corrected resampled t (Nadeau and Bengio 2003), 0.8 test images for each" in n for n in section.notes)


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
    assert prediction.doubt == "other programs took the cores for 72 % of the time while topk 100x or none was measured"
    section = build_report(records).sections[0]
    assert column(table_of(section, "Comparison"), "Break-even")["topk 100x"].startswith("? [")
    assert "Nothing is said of links, because other programs took the cores for 72 % of the time" in section.conclusion
    idle = build_report([link_record(make_record, name) for name in ("none", "topk")]).sections[0]
    assert column(table_of(idle, "Comparison"), "Break-even")["topk 100x"].startswith("< ")
    assert "a step there is modelled" in idle.conclusion


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
