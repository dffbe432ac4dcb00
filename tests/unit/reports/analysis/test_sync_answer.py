"""Which way wins at about equal bytes: only what the seeds tell, and only of rows that send as much."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from report_parts import comparison_of, only_section
from round_records import exchanging

from rsbench.reports.analysis.sync_answer import groups_of, sync_answer

Maker = Callable[..., dict[str, Any]]
NOISE = (0.0, 0.001, -0.0005)


def rows(make_record: Maker, *, rounds_oa: float = 0.871, steps_oa: float = 0.843) -> list[dict[str, Any]]:
    """none, two compressed rows at every step, accumulated gradients and rounds, over three seeds."""
    records = []
    for seed, noise in enumerate(NOISE):
        records += [
            make_record(seed=seed, oa=0.88 + noise),
            make_record(seed=seed, compressor="topk", ratio=100.0, oa=steps_oa - 0.04 + noise),
            make_record(seed=seed, compressor="rsdgc", ratio=100.0, oa=steps_oa - noise),
            exchanging(make_record, "accumulate:100", seed=seed, oa=0.6 + 2 * noise),
            exchanging(make_record, "rounds:100", seed=seed, oa=rounds_oa + noise),
        ]
    return records


def test_the_best_rows_of_each_way_are_compared(make_record: Maker) -> None:
    words = sync_answer(comparison_of(rows(make_record)))
    assert words.startswith(
        "At about 100x fewer bytes rounds win: none, rounds:100 87.1 % against 84.3 % of rsdgc 100x at every step "
        "(+2.8 points [+"
    )
    assert (
        "]); none, accumulate:100 60.0 % (against these rounds -27.1 points [-27.4, -26.8]). In each group a way"
        in words
    )
    assert words.endswith("stands with its best row by validation; intervals hold together for 2 comparisons.")


def test_compression_may_win(make_record: Maker) -> None:
    words = sync_answer(comparison_of(rows(make_record, rounds_oa=0.7)))
    assert words.startswith(
        "At about 100x fewer bytes compression at every step wins: rsdgc 100x at every step 84.3 % against 70.0 % of "
        "none, rounds:100 (+14.3 points [+"
    )


def test_too_little_a_difference_is_no_win(make_record: Maker) -> None:
    words = sync_answer(comparison_of(rows(make_record, rounds_oa=0.845)))
    assert "no difference between rounds and compression at every step can be told from 3 seeds: none, rounds" in words
    assert " ~)" in words.partition(";")[0]


def test_one_seed_tells_nothing(make_record: Maker) -> None:
    records = [record for record in rows(make_record) if record["cell"]["seed"] == 0]
    words = sync_answer(comparison_of(records))
    assert words.startswith("At about 100x fewer bytes one seed tells nothing: none, rounds:100 87.1 % against")
    assert "hold together" not in words


def test_the_bytes_reached_make_the_groups(make_record: Maker) -> None:
    records = rows(make_record)
    for record in records:
        if record["cell"]["compressor"] == "rsdgc":
            record["traffic"]["compression_ratio"] = 74.0
    (group,) = groups_of(comparison_of(records))
    assert {kind: method.label for kind, method in group.best.items()} == {
        "steps": "topk 100x",
        "accumulate": "none, accumulate:100",
        "rounds": "none, rounds:100",
    }
    unequal = [make_record(), make_record(compressor="topk", ratio=20.0), exchanging(make_record, "rounds:100")]
    assert sync_answer(comparison_of(unequal)).startswith("No row of rounds sends about as many bytes as")


def test_ratios_that_nobody_asked_for_make_groups_too(make_record: Maker) -> None:
    records = rows(make_record)
    for record in records:
        record["cell"]["ratio"] = None
    (group,) = groups_of(comparison_of(records))
    assert group.ratio == 100


def test_nothing_is_said_where_all_rows_exchange_alike(make_record: Maker) -> None:
    steps = [make_record(), make_record(compressor="topk", ratio=100.0)]
    assert sync_answer(comparison_of(steps)) == ""
    assert sync_answer(comparison_of([make_record(), exchanging(make_record, "rounds:100")])) == ""


def test_validation_chooses_the_best_row_of_a_way(make_record: Maker) -> None:
    records = rows(make_record)
    for record in records:
        if record["cell"]["compressor"] == "topk":
            record["accuracy"]["val_score"] = 0.95
    (group,) = groups_of(comparison_of(records))
    assert group.best["steps"].label == "topk 100x"


def test_the_sentence_stands_in_the_conclusion(make_record: Maker) -> None:
    assert only_section(rows(make_record)).conclusion.startswith("At about 100x fewer bytes rounds win: none, rounds")
