"""Time and bytes to accuracy: one row a method."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from report_parts import comparison_of, with_scores

from rsbench.reports.document.table import Notes
from rsbench.reports.tables.time_to_accuracy import time_to_accuracy_table

Maker = Callable[..., dict[str, Any]]


def test_reports_table_of_times_and_bytes_to_accuracy(make_record: Maker) -> None:
    none = [with_scores(make_record(seed=seed), [0.5, 0.76, 0.8]) for seed in (0, 1)]
    fast = [with_scores(make_record(seed=s, compressor="dgc", ratio=10.0), [0.77, 0.79, 0.79]) for s in (0, 1)]
    fast[1]["history"][0]["val_score"] = 0.70
    noop = make_record(compressor="noop")
    table = time_to_accuracy_table(comparison_of([*none, *fast, noop]), Notes())
    assert table is not None
    assert table.rows == (
        ("none", "4.00", "2.00 kB", "4.00", "2.00 kB", "6.00", "3.00 kB"),
        ("dgc 10x", "3.00", "1.50 kB", "3.00", "1.50 kB", "0 of 2 seeds", "-"),
    )
    assert table.title == "Time and bytes to shares of none's best validation OA (72.0 %, 76.0 %, 79.2 %)"
    assert [one.heading for one in table.columns[1:3]] == ["90 %: time (s) ↓", "90 %: payload ↓"]
    assert table.values[1][1].step.mean == 15, "programs have the steps, too"


def test_reports_records_without_history_have_no_such_table(make_record: Maker) -> None:
    records = [make_record(), make_record(compressor="fp16")]
    for record in records:
        record["history"] = []
    assert time_to_accuracy_table(comparison_of(records), Notes()) is None
    del records[0]["history"]
    assert time_to_accuracy_table(comparison_of(records), Notes()) is None
