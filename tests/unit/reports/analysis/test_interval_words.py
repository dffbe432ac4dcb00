"""What a report says of its intervals where records say which test images were right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from answers import with_answers
from report_parts import column, only_section, table_of
from scipy import stats

from rsbench.judging import Intervals, Judging
from rsbench.reports import build_report
from rsbench.reports.analysis.interval_words import ABOUT_ONE_SEED

Maker = Callable[..., dict[str, Any]]

IMAGES = 400
METHODS = {"none": (None, 0.9), "topk": (10.0, 0.0), "dgc": (10.0, 0.8)}
ABOUT_IMAGES = (
    "They are about other seeds and other test images of the same kind: both count as drawn, the 400 test images"
)


def rows(make_record: Maker, seeds: int = 3, **more: Any) -> list[dict[str, Any]]:
    """Records of three methods, each better on images of its own."""
    rng = np.random.default_rng(0)
    records = []
    for name, (ratio, level) in METHODS.items():
        image = rng.normal(size=IMAGES)
        for seed in range(seeds):
            right = level + image + 0.1 * rng.normal() + rng.normal(size=IMAGES) > 0
            records.append(with_answers(make_record(compressor=name, ratio=ratio, seed=seed, **more), right.tolist()))
    return records


def without(records: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """The records, those of a method without word of which images were right."""
    for record in records:
        if record["cell"]["compressor"] == name:
            del record["accuracy"]["test"]["correct"]
    return records


def gap_of(records: list[dict[str, Any]], intervals: Intervals) -> str:
    [section] = build_report(records, judging=Judging(intervals=intervals)).sections
    return column(table_of(section, "Comparison"), "vs none")["topk 10x"]


def test_reports_speak_of_other_images_where_records_know_them(make_record: Maker) -> None:
    records = rows(make_record)
    notes = only_section(records).notes
    assert any("(95 %, paired t over seeds and images)" in note and ABOUT_IMAGES in note for note in notes), notes
    of_images, of_seeds = gap_of(records, "images"), gap_of(records, "test-set")
    assert of_images != of_seeds and of_images.split()[0] == of_seeds.split()[0]
    for name in METHODS:
        records = without(records, name)
    assert gap_of(records, "images") == of_seeds


def test_reports_name_the_rows_whose_intervals_are_about_seeds_alone(make_record: Maker) -> None:
    notes = only_section(without(rows(make_record), "dgc")).notes
    words = "Not so those of dgc 10x, whose records do not say which images were right: other seeds alone."
    assert any(ABOUT_IMAGES in note and note.endswith(words) for note in notes), notes


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"split": "redrawn:50/10/40"}, "Each seed has test images of its own"),
        ({"key_version": 2}, "Each seed has test images of its own"),
    ],
)
def test_reports_do_not_pair_images_that_change_with_the_seed(
    more: dict[str, Any], words: str, make_record: Maker
) -> None:
    notes = only_section(rows(make_record, **more)).notes
    assert any(words in note for note in notes) and not any("both count as drawn" in note for note in notes)


def test_reports_of_one_seed_have_mcnemars_test(make_record: Maker) -> None:
    records = rows(make_record, seeds=1)
    section = only_section(records)
    right = {r["cell"]["compressor"]: bits(r) for r in records}
    ours, theirs = int((right["topk"] & ~right["none"]).sum()), int((right["none"] & ~right["topk"]).sum())
    assert stats.binomtest(ours, ours + theirs).pvalue < 0.001
    words = f"Of 400 test images topk 10x alone got {ours} right and none alone {theirs} (p < 0.001)."
    assert words in section.notes and ABOUT_ONE_SEED in section.notes
    ours, theirs = int((right["dgc"] & ~right["none"]).sum()), int((right["none"] & ~right["dgc"]).sum())
    p = stats.binomtest(ours, ours + theirs).pvalue
    words = f"Of 400 test images dgc 10x alone got {ours} right and none alone {theirs} (p = {p:.2g})."
    assert words in section.notes and p > 0.001
    assert "No interval: one seed only." in section.notes
    assert column(table_of(section, "Comparison"), "vs none")["dgc 10x"].endswith(" [1] [4]")
    assert not any("McNemar" in note for note in only_section(without(records, "none")).notes)


def bits(record: dict[str, Any]) -> Any:
    from rsbench.results.correctness import unpacked

    return unpacked(record["accuracy"]["test"]["correct"], IMAGES)
