"""The best row and those not shown to differ; the front, from the same seeds for all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from report_parts import comparison_of, only_section, table_of

from rsbench.reports.analysis.best import best_labels
from rsbench.reports.formats.markdown import table_lines

Maker = Callable[..., dict[str, Any]]


def rows(make_record: Maker, **values: tuple[float, ...]) -> list[dict[str, Any]]:
    return [
        make_record(compressor=name, ratio=None if name == "none" else 10.0, seed=seed, oa=oa)
        for name, scores in values.items()
        for seed, oa in enumerate(scores)
    ]


def test_the_best_row_stands_with_those_not_shown_to_differ(make_record: Maker) -> None:
    records = rows(
        make_record, none=(0.80, 0.82, 0.81), dgc=(0.815, 0.812, 0.814), topk=(0.70, 0.721, 0.709), rsdgc=(0.99, 0.99)
    )
    assert best_labels(comparison_of(records)) == {"none", "dgc 10x"}, "rsdgc lacks a seed, topk is clearly lower"
    section = only_section(records)
    table = table_of(section, "Comparison")
    labels = [row[0].partition(" [")[0] for row in table.rows]
    assert {(labels[row], table.columns[place].title) for row, place in table.best} == {
        ("none", "OA"),
        ("dgc 10x", "OA"),
    }
    assert "Bold: the best mean OA, and rows not shown to differ from it." in section.notes
    assert sum("**" in line for line in table_lines(table)) == 2


def test_intervals_that_tell_no_row_from_the_best_leave_it_alone(make_record: Maker) -> None:
    wide = rows(make_record, none=(0.80, 0.82), dgc=(0.812, 0.809), rsdgc=(0.80, 0.815))
    assert best_labels(comparison_of(wide)) == {"dgc 10x"}
    assert "Bold: the best mean OA; no row is shown to differ from it." in only_section(wide).notes


def test_a_row_that_is_left_out_is_not_bold_however_wide_its_interval(make_record: Maker) -> None:
    records = rows(make_record, none=(0.90, 0.906), dgc=(0.902, 0.90), topk=(0.68, 0.74))
    assert best_labels(comparison_of(records)) == {"none", "dgc 10x"}


def test_from_one_seed_the_best_row_is_alone(make_record: Maker) -> None:
    records = rows(make_record, none=(0.80,), dgc=(0.81,), topk=(0.805,))
    assert best_labels(comparison_of(records)) == {"dgc 10x"}
    assert "Bold: the best mean OA, which one seed cannot prove." in only_section(records).notes


def test_the_front_is_of_complete_rows_over_the_same_seeds(make_record: Maker) -> None:
    records = rows(make_record, none=(0.80, 0.90), dgc=(0.84, 0.85), topk=(0.95,), rsdgc=(0.70, 0.72, 0.99))
    comparison = comparison_of(records)
    assert {label: round(mean, 4) for label, mean in comparison.means.items()} == {
        "none": 0.85,
        "dgc 10x": 0.845,
        "rsdgc 10x": 0.71,
    }
    assert comparison.front == {"none", "dgc 10x"}, "topk's one lucky seed and rsdgc's third one do not count"
