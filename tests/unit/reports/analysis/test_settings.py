"""Records -> settings: the same work on the same hardware, each cell once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rsbench.reports import build_report
from rsbench.reports.analysis.methods import methods_of
from rsbench.reports.analysis.settings import split_by_setting

Maker = Callable[..., dict[str, Any]]


def test_reports_hardware_is_mixed_only_when_asked(make_record: Maker) -> None:
    here = make_record(seed=0)
    there = make_record(seed=1, provenance={"cpu_model": "Other CPU"})
    assert [setting.hardware for setting in split_by_setting([here, there])] == ["Example CPU", "Other CPU"]
    [mixed] = split_by_setting([here, there], mix_hardware=True)
    assert mixed.hardware == "Example CPU and Other CPU"


def test_reports_cell_that_failed_before_it_saw_its_gpu_joins_its_neighbours(make_record: Maker) -> None:
    done = make_record(device="cuda", provenance={"runtime": {"gpu": "NVIDIA X"}})
    failed = make_record(device="cuda", compressor="topk", ratio=10.0, status="failed", reason="killed")
    [setting] = split_by_setting([failed, done])
    assert setting.hardware == "NVIDIA X"


@pytest.mark.parametrize("change", [{"epochs": 3}, {"workers": 4}, {"model": "vgg19"}, {"split": "10/90"}])
def test_reports_other_recipes_stand_in_other_tables(change: dict[str, Any], make_record: Maker) -> None:
    sections = build_report([make_record(), make_record(**change)]).sections
    alone = [section for section in sections if any(table.title == "Comparison" for table in section.tables)]
    assert len({section.title for section in alone}) == 2
    assert len({section.title for section in sections}) == len(sections)
    if "epochs" in change:
        assert [section.title.rpartition(", ")[2] for section in sections] == ["epochs 30", "epochs 3"]


def test_reports_cells_of_earlier_rules_stand_in_a_table_of_their_own(make_record: Maker) -> None:
    """Their test parts differ, so a difference between them would be one of test samples."""
    old, new = make_record(seed=0, key_version=2), make_record(seed=1)
    unsaid = make_record(seed=2, key_version=2)
    del unsaid["key_version"]
    settings = split_by_setting([old, new, unsaid], mix_hardware=True)
    assert [[record["cell"]["seed"] for record in setting.records] for setting in settings] == [[0, 2], [1]]
    sections = build_report([old, new, unsaid], mix_hardware=True).sections
    assert [section.title.rpartition(", ")[2] for section in sections] == ["rules 2", "rules 3"]
    made = "Made by an earlier version, whose drawn test samples changed with the seed (rules 2, today 3)"
    assert [sum(fact.startswith(made) for fact in section.facts) for section in sections] == [1, 0]
    assert [dict(section.origin)["rules"] for section in sections] == ["2", "3"]


def test_reports_fast_cells_stand_in_a_table_of_their_own_and_say_what_they_are(make_record: Maker) -> None:
    """Records from before there were fast cells say nothing, and stand with the deterministic ones."""
    unsaid, said, fast = (make_record(seed=seed, device="cuda") for seed in (0, 1, 2))
    said["provenance"]["runtime"]["deterministic"] = True
    fast["cell"]["deterministic"] = fast["provenance"]["runtime"]["deterministic"] = False
    settings = split_by_setting([unsaid, said, fast], mix_hardware=True)
    assert [[record["cell"]["seed"] for record in setting.records] for setting in settings] == [[0, 1], [2]]
    report = build_report([unsaid, said, fast], mix_hardware=True)
    assert [section.title for section in report.sections] == [
        f"UC Merced Land Use, smallvgg, 2 workers on {device}" for device in ("cuda", "cuda, fast")
    ]
    words = "deterministic cells of the same work are others, in a table of their own."
    assert [sum(fact.endswith(words) for fact in section.facts) for section in report.sections] == [0, 1]
    assert [dict(section.origin)["deterministic"] for section in report.sections] == ["True", "False"]
    flat = (report.cells, report.methods)
    told = [
        [row[table.columns.index(column)] for row in table.rows]
        for table in flat
        for column in table.columns
        if column.title == "deterministic"
    ]
    assert told == [["True", "True", "False"], ["True", "False"]]


def test_reports_without_fast_cells_say_nothing_of_them(make_record: Maker) -> None:
    report = build_report([make_record()])
    assert not any(
        column.title == "deterministic" for table in (report.cells, report.methods) for column in table.columns
    )
    assert "deterministic" not in dict(report.sections[0].origin)


def test_reports_across_settings_never_join_fast_and_deterministic_cells(make_record: Maker) -> None:
    records = [make_record(model=model, workers=workers) for model, workers in (("a", 2), ("b", 2), ("a", 4))]
    for record in records[1:]:
        record["cell"]["deterministic"] = False
    titles = [section.title for section in build_report(records).sections]
    assert len(titles) == 3 and not any(title.startswith(("Models", "Scaling")) for title in titles)
    records[0]["cell"]["deterministic"] = False
    across = [section.title for section in build_report(records).sections][3:]
    assert across == [
        "Models side by side: UC Merced Land Use, 2 workers on cpu, fast",
        "Scaling: UC Merced Land Use, a on cpu, fast",
    ]


def test_reports_same_cell_by_old_and_new_rules_is_two_cells(make_record: Maker) -> None:
    records = [make_record(seed=0, key_version=2, oa=0.5), make_record(seed=0, oa=0.6)]
    assert [len(setting.records) for setting in split_by_setting(records)] == [1, 1]


def test_reports_titles_of_two_machines_differ(make_record: Maker) -> None:
    records = [make_record(seed=0), make_record(seed=1, provenance={"cpu_model": "Other CPU"})]
    titles = [section.title for section in build_report(records).sections]
    assert [title.rpartition(", ")[2] for title in titles] == ["Example CPU", "Other CPU"]


def test_reports_same_cell_twice_counts_once_and_the_finished_one_wins(make_record: Maker) -> None:
    early = make_record(started_utc="2026-01-01T00:00:00Z", oa=0.5)
    late = make_record(started_utc="2026-01-02T00:00:00Z", oa=0.6)
    broken = make_record(started_utc="2026-01-03T00:00:00Z", status="interrupted", reason="Ctrl-C")
    broken["key"] = late["key"]
    [setting] = split_by_setting([early, broken, late])
    assert [record["accuracy"]["test"]["oa"] for record in setting.records] == [0.6]


def test_reports_same_cell_of_two_schemas_counts_once(make_record: Maker) -> None:
    """Keys change with the record schema, so that a cell that was run again lies in two folders."""
    old, new = make_record(oa=0.5), make_record(started_utc="2026-02-02T00:00:00Z", oa=0.6)
    old["key"] = "0" * 12
    [method] = methods_of(split_by_setting([old, new])[0].records)
    assert [record["accuracy"]["test"]["oa"] for record in method.chosen] == [0.6]
