"""Differences to a row of the reader's choice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from answers import with_answers
from report_parts import column, table_of

from rsbench.judging import Judging
from rsbench.reports import build_report
from rsbench.reports.analysis.statistics.power import seeds_needed

Maker = Callable[..., dict[str, Any]]


def test_reports_against_a_row_of_the_readers_choice(grid_records: list[dict[str, Any]]) -> None:
    [section] = build_report(grid_records, against="rsdgc 100x").sections
    table = table_of(section, "Paired differences")
    assert table.title == "Paired differences to rsdgc 100x"
    gaps = column(table, "vs rsdgc 100x")
    assert gaps["rsdgc 100x"] == "-"
    forward = column(table_of(section, "Comparison"), "vs none")["rsdgc 100x"]
    number = float(gaps["none"].split()[0])
    assert number == -float(forward.split()[0]), "the same difference, seen from the other side"
    assert "noop" not in gaps, "what does not train has no OA"


def test_reports_differences_say_how_fine_they_are_and_how_many_seeds_half_a_point_takes(make_record: Maker) -> None:
    """Gains 1, -1 and 2 points: sd 1.5275, t(0.975, 2) = 4.302653, so +-3.8 points; needed as the power says."""
    gains = (0.01, -0.01, 0.02)
    records = [make_record(seed=seed, oa=0.8) for seed in range(3)]
    records += [make_record(compressor="dgc", ratio=10.0, seed=seed, oa=0.8 + gains[seed]) for seed in range(3)]
    [section] = build_report(records, against="none").sections
    table = table_of(section, "Paired differences")
    assert column(table, "Resolution") == {"none": "-", "dgc 10x": "3.8"}
    assert column(table, "Seeds for 0.5 points") == {"none": "-", "dgc 10x": str(seeds_needed(1.5275252, 0.5))}
    assert any("Resolution is half their width. They are about other seeds on" in note for note in section.notes)
    judging = Judging(intervals="new-data")
    [section] = build_report(records, against="none", judging=judging).sections
    assert set(column(table_of(section, "Paired differences"), "Seeds for 0.5 points").values()) == {"-"}


def test_reports_differences_on_too_few_images_take_more_of_them_whatever_the_seeds(make_record: Maker) -> None:
    """Both methods are right on 100 of 200 images, on which they differ for all seeds but one image: sd is small."""
    records = []
    for seed in range(3):
        for name, ratio, first in (("none", None, 0), ("dgc", 10.0, 100)):
            right = [first <= image < first + 100 or (image == 0 and seed == 1) for image in range(200)]
            records.append(with_answers(make_record(compressor=name, ratio=ratio, seed=seed), right))
    [section] = build_report(records, against="none").sections
    assert column(table_of(section, "Paired differences"), "Seeds for 0.5 points")["dgc 10x"] == "never"
    [fact] = [fact for fact in section.facts if fact.startswith("More seeds")]
    assert "takes about more test images for dgc 10x" in fact
