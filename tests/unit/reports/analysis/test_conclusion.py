"""The closing sentences say what the data says, and no more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from report_parts import comparison_of

from rsbench.reports.analysis.conclusion import conclude

Maker = Callable[..., dict[str, Any]]
SLOW = {"compress_s": 40.0, "wait_s": 5.0, "decompress_s": 4.0}
FAST = {"compress_s": 5.0, "wait_s": 5.0, "decompress_s": 1.0}


def row(make_record: Maker, name: str, values: list[float], **more: Any) -> list[dict[str, Any]]:
    ratio = None if name in {"none", "noop"} else more.pop("ratio", 100.0)
    return [make_record(compressor=name, ratio=ratio, seed=seed, oa=oa, **more) for seed, oa in enumerate(values)]


def said(*rows: list[dict[str, Any]]) -> str:
    return conclude(comparison_of([record for one in rows for record in one]))


def test_reports_conclusion_of_a_grid(grid_records: list[dict[str, Any]]) -> None:
    text = conclude(comparison_of(grid_records))
    assert text.startswith(
        "Below 640 Mbit/s use dgc 100x (OA +0.5 points, 100x fewer bytes); above, do not compress. Link speeds are "
        "those of one worker; a step there is modelled as its non-communication time + its wire bytes / the link "
        "speed. Less than 5 % of a step is no reason to compress. "
        "The highest OA is that of rsdgc 100x (OA +2.0 points ~), by the model faster than none below 570 "
        "Mbit/s."
    )
    assert "Left out because OA is clearly lower, or over 3 points lower on average: topk 100x (-6.0 points" in text
    assert text.endswith(
        "Measured on this machine's loopback: do not compress, none has the shortest step (100 ms)."
    ), "loopback is nobody's link, so it comes last"
    assert "noop" not in text


def test_reports_conclusion_from_one_seed_does_not_judge_small_differences(make_record: Maker) -> None:
    text = said(row(make_record, "none", [0.80]), row(make_record, "dgc", [0.79], split_ms=SLOW))
    assert "use dgc 100x (OA -1.0 points" in text
    assert "cannot be judged from one seed" in text


def test_reports_conclusion_never_advises_what_loses_accuracy(make_record: Maker) -> None:
    one_seed = said(row(make_record, "none", [0.80]), row(make_record, "topk", [0.76], split_ms=SLOW))
    assert "use topk" not in one_seed
    assert (
        "Left out because OA is clearly lower, or over 3 points lower on average: topk 100x (-4.0 points)." in one_seed
    )
    clear = said(
        row(make_record, "none", [0.80, 0.80, 0.80]),
        row(make_record, "topk", [0.785, 0.784, 0.786], split_ms=FAST),
    )
    assert "use topk" not in clear
    assert "topk 100x has the shortest" not in clear
    assert (
        "Left out because OA is clearly lower, or over 3 points lower on average: topk 100x (-1.5 points [-1.7, -1.3])."
        in clear
    )


def test_reports_conclusion_marks_a_difference_that_may_be_zero(make_record: Maker) -> None:
    text = said(
        row(make_record, "none", [0.80, 0.81, 0.79]), row(make_record, "dgc", [0.81, 0.80, 0.81], split_ms=SLOW)
    )
    assert "(OA +0.7 points ~, 100x fewer bytes)" in text
    assert "one seed" not in text


def test_reports_conclusion_names_a_measured_speed_up(make_record: Maker) -> None:
    text = said(row(make_record, "none", [0.8, 0.8]), row(make_record, "topk", [0.8, 0.81], split_ms=FAST))
    assert "topk 100x has the shortest step, 64.0 ms against 100 ms of none (1.6x as fast)" in text


def test_reports_conclusion_says_when_a_faster_method_was_left_out(make_record: Maker) -> None:
    none, topk = row(make_record, "none", [0.8, 0.8]), row(make_record, "topk", [0.6, 0.6], split_ms=FAST)
    assert "none has the shortest step of the methods that are kept (100 ms)" in said(none, topk)


def test_reports_conclusion_of_model_and_measurement_that_disagree_says_which_to_trust(make_record: Maker) -> None:
    """On loopback the exchange of few bytes may take as long as that of many, which no model of links knows."""
    none = row(make_record, "none", [0.8, 0.8, 0.8])
    faster = row(make_record, "dgc", [0.8, 0.81, 0.8], split_ms=FAST)
    text = said(none, faster)
    assert "Measured on this machine's loopback: dgc 100x has the shortest step" in text
    assert "; above, do not compress." in text
    assert "On links as fast as the one measured here, trust the measurement." in text
    agreed = said(none, row(make_record, "dgc", [0.8, 0.81, 0.8], split_ms=SLOW))
    assert "trust the measurement" not in agreed


def test_reports_conclusion_calls_nearly_equal_times_equal(make_record: Maker) -> None:
    near = {"compress_s": 38.0, "wait_s": 5.0, "decompress_s": 1.0}
    text = said(row(make_record, "none", [0.8, 0.8]), row(make_record, "topk", [0.8, 0.81], split_ms=near))
    assert "compression does not pay" in text
    assert "less than 5 % apart" in text


def test_reports_conclusion_of_several_ratios_gives_ranges_that_touch(make_record: Maker) -> None:
    text = said(
        row(make_record, "none", [0.8, 0.81]),
        row(make_record, "dgc", [0.8, 0.82], ratio=10.0, split_ms={"compress_s": 10.0, "wait_s": 5.0}),
        row(make_record, "topk", [0.8, 0.82], ratio=1000.0, split_ms={"compress_s": 80.0, "wait_s": 5.0}),
    )
    assert "use topk 1000x" in text
    assert "; from 45 Mbit/s to 2.2 Gbit/s use dgc 10x" in text
    assert "; above, do not compress" in text


def test_reports_conclusion_of_unequal_bytes_by_rounding_prefers_less_computing(make_record: Maker) -> None:
    text = said(
        row(make_record, "none", [0.8, 0.81]),
        row(make_record, "dgc", [0.8, 0.82], ratio=100.0, split_ms=FAST),
        row(make_record, "rsdgc", [0.8, 0.82], ratio=101.0, split_ms=SLOW),
    )
    assert "use rsdgc" not in text
    assert "use dgc 100x" in text


def test_reports_conclusion_of_training_too_short_says_so(make_record: Maker) -> None:
    text = said(row(make_record, "none", [0.05]), row(make_record, "dgc", [0.04], split_ms=SLOW))
    assert "training was too short, or the data are too few, to judge accuracy" in text


def test_reports_conclusion_on_gpus_does_not_speak_of_loopback(make_record: Maker) -> None:
    text = said(
        row(make_record, "none", [0.8, 0.8], device="cuda"),
        row(make_record, "dgc", [0.8, 0.81], device="cuda", split_ms=SLOW),
    )
    assert "loopback" not in text
    assert "Measured on this machine: do not compress" in text


def test_reports_conclusion_on_emulated_links_begins_with_what_was_measured_there(make_record: Maker) -> None:
    text = said(
        row(make_record, "none", [0.8, 0.8], link="50mbit"),
        row(make_record, "dgc", [0.8, 0.81], link="50mbit", split_ms=FAST),
    )
    assert text.startswith("Measured on emulated links (50 Mbit/s): dgc 100x has the shortest step")
    assert "loopback" not in text


def test_reports_conclusion_of_one_worker(make_record: Maker) -> None:
    nones = row(make_record, "none", [0.8], workers=1)
    nones[0]["traffic"]["wire_bytes_total"] = 0
    topk = row(make_record, "topk", [0.8], workers=1)
    topk[0]["traffic"]["wire_bytes_total"] = 0
    assert "With one worker nothing is sent" in said(nones, topk)


@pytest.mark.parametrize(
    ("names", "words"),
    [([], "No cell is done"), (["none"], "Only none"), (["topk"], "no finished run of none"), (["noop"], "Only what")],
)
def test_reports_conclusion_without_a_comparison(names: list[str], words: str, make_record: Maker) -> None:
    assert words in said(*(row(make_record, name, [0.8]) for name in names))


def test_reports_conclusion_tells_of_a_busy_machine(make_record: Maker) -> None:
    none = row(make_record, "none", [0.8, 0.8, 0.8])
    busy = said(none, row(make_record, "dgc", [0.8, 0.81, 0.8], split_ms={"forward_s": 30.0}))
    assert "forward took 20.0 ms under none and 30.0 ms under dgc 100x" in busy
    quiet = said(none, row(make_record, "dgc", [0.8, 0.81, 0.8], split_ms={"forward_s": 22.0}))
    assert "rough" not in quiet


def test_reports_conclusion_of_two_seeds_asks_for_more(make_record: Maker) -> None:
    text = said(row(make_record, "none", [0.8, 0.8]), row(make_record, "dgc", [0.8, 0.81]))
    assert "two seeds are very wide" in text


def test_reports_conclusion_says_why_there_is_nothing_to_conclude(make_record: Maker) -> None:
    assert said([make_record(compressor="noop")]).startswith("Only what does not train has finished")
    tuned = make_record(provenance={"tuning_seed": 0})
    assert said([tuned]).startswith("Only learning rates have been tried yet")
    assert said([make_record(status="failed", reason="x")]).startswith("No cell is done yet")


@pytest.mark.parametrize(("score", "short"), [(0.7, True), (0.8, False)])
def test_reports_an_area_near_one_half_is_training_too_short(score: float, short: bool, make_record: Maker) -> None:
    records = [make_record(task="targets", oa=score, compressor=name) for name in ("none", "fp16")]
    text = conclude(comparison_of(records))
    words = "None itself reaches 0.7000 AUC(Pd,Pf) where guessing gives 0.5: training was too short"
    assert (words in text) is short


@pytest.mark.parametrize(("loss", "left_out"), [(-0.012, True), (-0.008, False)])
def test_reports_a_loss_of_a_hundredth_of_an_area_is_too_much(loss: float, left_out: bool, make_record: Maker) -> None:
    records = [make_record(task="targets", oa=0.95), make_record(task="targets", compressor="fp16", oa=0.95 + loss)]
    assert ("Left out because AUC(Pd,Pf)" in conclude(comparison_of(records))) is left_out
