"""Records -> one row: learning rates, seeds, labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from report_parts import column, only_section, table_of
from round_records import exchanging

from rsbench.reports import build_report
from rsbench.reports.analysis.methods import methods_of, reference_of
from rsbench.reports.changes import build_changes

Maker = Callable[..., dict[str, Any]]


def test_reports_rate_is_chosen_by_validation_not_by_test(make_record: Maker) -> None:
    good_validation, good_test = make_record(lr=0.01, oa=0.70), make_record(lr=0.05, oa=0.60)
    good_test["accuracy"]["test"]["oa"] = 0.95
    [method] = methods_of([good_validation, good_test])
    assert method.rate == 0.01
    assert method.test("oa").mean == 0.70  # type: ignore[union-attr]


def test_reports_rate_with_missing_seeds_does_not_compete(make_record: Maker) -> None:
    records = [make_record(lr=0.01, seed=seed, oa=0.7) for seed in (0, 1)]
    records += [
        make_record(lr=0.1, seed=0, oa=0.9),
        make_record(lr=0.1, seed=1, status="failed", reason="NaN"),
    ]
    [method] = methods_of(records)
    assert method.rate == 0.01
    table = next(t for t in only_section(records).tables if t.title.startswith("Validation OA"))
    assert column(table, "lr 0.1")["none"] == "91.0 (1 of 2 seeds)"


def test_reports_label_says_what_the_ratio_counts(make_record: Maker) -> None:
    cells = [
        {"compressor": "topk", "ratio": 100.0},
        {"compressor": "topk", "ratio": 100.0, "match": "wire"},
        {"compressor": "topk", "ratio": 100.0, "match": "density"},
        {"compressor": "topk:density=0.2", "ratio": None},
    ]
    labels = [method.label for method in methods_of([make_record(**cell) for cell in cells])]
    assert labels == ["topk 100x", "topk 100x wire", "topk density 0.01", "topk:density=0.2"]
    assert reference_of(methods_of([make_record(**cells[0])])) is None


def test_reports_scores_that_are_undefined_are_neither_chosen_nor_averaged(make_record: Maker) -> None:
    records = [make_record(seed=seed, lr=lr, oa=0.8) for seed in (0, 1, 2) for lr in (0.01, 0.05)]
    for record, undefined in zip(records[1::2], (float("nan"), float("inf"), None), strict=True):
        record["accuracy"]["val_score"] = record["accuracy"]["test"]["oa"] = undefined
    [method] = methods_of(records)
    assert method.rate == 0.01
    assert method.test_by_seed("oa") == {0: 0.8, 1: 0.8, 2: 0.8}
    assert list(method.validation) == [0.01]


def test_reports_rows_differ_by_how_often_they_exchange(make_record: Maker) -> None:
    records = [
        exchanging(make_record, "rounds:50"),
        exchanging(make_record, "rounds:8:nesterov", compressor="topk", ratio=20.0),
        make_record(compressor="noop"),
        make_record(compressor="topk", ratio=20.0),
        make_record(),
    ]
    methods = methods_of(records)
    assert [method.label for method in methods] == [
        "none",
        "none, rounds:50",
        "topk 20x, rounds:8:nesterov",
        "topk 20x",
        "noop",
    ]
    assert reference_of(methods) is methods[0]
    assert reference_of(methods_of(records[:2])) is None, "none in rounds is not what the others are compared with"
    (section,) = build_report(records, against="none, rounds:50").sections
    assert list(column(table_of(section, "Paired differences to none, rounds:50"), "OA"))[:2] == [
        "none",
        "none, rounds:50",
    ]
    assert "use none, rounds:50 (OA +0.0 points, 50x fewer bytes, an exchange in 50 steps)" in (section.conclusion)


def test_reports_changes_keep_ways_apart(make_record: Maker) -> None:
    before = [make_record(), exchanging(make_record, "rounds:50")]
    after = [make_record(), exchanging(make_record, "rounds:20")]
    _, section = build_changes(before, after, ("A", "B")).sections
    assert [row[0] for row in section.tables[0].rows] == ["none"]
    assert "Finished in A only: none, rounds:50." in section.facts
