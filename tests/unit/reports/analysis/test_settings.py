"""Records -> rows: seeds, learning rates, settings, hardware."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from rsbench.errors import RsbenchError
from rsbench.reports import build_report
from rsbench.reports.analysis.methods import methods_of, reference_of
from rsbench.reports.analysis.settings import split_by_setting
from rsbench.reports.document.table import Column, Section, Table
from rsbench.results import schema

Maker = Callable[..., dict[str, Any]]


def only_section(records: Sequence[dict[str, Any]]) -> Section:
    report = build_report(records)
    assert len(report.sections) == 1
    return report.sections[0]


def column(table: Table, title: str) -> dict[str, str]:
    index = [one.title for one in table.columns].index(title)
    return {row[0].partition(" [")[0]: row[index] for row in table.rows}


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


def test_reports_grid_in_the_main_table(grid_records: list[dict[str, Any]]) -> None:
    section = only_section(grid_records)
    comparison = section.tables[0]
    assert list(column(comparison, "OA")) == ["none", "topk 100x", "dgc 100x", "rsdgc 100x", "noop"]
    assert column(comparison, "OA")["noop"] == "-"
    assert column(comparison, "vs none")["none"] == "-"
    assert column(comparison, "Ratio") == {
        "none": "1.00x",
        "topk 100x": "100x",
        "dgc 100x": "100x",
        "rsdgc 100x": "100x",
        "noop": "-",
    }
    assert column(comparison, "Step")["none"] == "100"
    assert column(comparison, "Speed-up")["noop"] == "1.9x"
    assert any("dgc 100x: 1 cell not done: lr 0.05 seed 2 failed" in note for note in section.notes)
    assert any("edge of the grid (0.01, 0.05)" in note for note in section.notes)
    assert any("28 of 30 cells done" in fact for fact in section.facts)


def test_reports_middle_of_the_grid_is_no_edge(make_record: Maker) -> None:
    records = [make_record(lr=lr, oa=oa) for lr, oa in ((0.01, 0.5), (0.05, 0.6), (0.1, 0.55))]
    section = only_section(records)
    assert not any("edge" in note or "only learning rate" in note for note in section.notes)


def test_reports_one_rate_is_noted(make_record: Maker) -> None:
    section = only_section([make_record()])
    assert any("only learning rate" in note for note in section.notes)
    assert not any(table.title.startswith("Validation OA") for table in section.tables)


def test_reports_one_seed_has_no_interval_and_fewer_seeds_are_paired(make_record: Maker) -> None:
    nones = [make_record(seed=seed, oa=0.8 + 0.01 * seed) for seed in (0, 1, 2)]
    pair = [make_record(compressor="topk", ratio=10.0, seed=seed, oa=0.9 + 0.02 * seed) for seed in (0, 1)]
    section = only_section([*nones, *pair])
    assert column(section.tables[0], "vs none")["topk 10x"].startswith("+10.5 [+4.1, +16.9] [")
    assert any("over the 2 seeds in common with none's 3" in note for note in section.notes)
    single = only_section([*nones, pair[0]])
    assert column(single.tables[0], "vs none")["topk 10x"].startswith("+10.0 [")
    assert any("No interval: one seed in common" in note for note in single.notes)


def test_reports_interval_with_zero_is_marked(make_record: Maker) -> None:
    records = []
    for seed, gain in enumerate((0.01, -0.01, 0.02)):
        records += [
            make_record(seed=seed, oa=0.8),
            make_record(compressor="dgc", ratio=10.0, seed=seed, oa=0.8 + gain),
        ]
    assert column(only_section(records).tables[0], "vs none")["dgc 10x"].endswith("~")


@pytest.mark.parametrize("status", ["failed", "timeout", "interrupted", "skipped"])
def test_reports_row_without_a_finished_cell_is_visible(status: str, make_record: Maker) -> None:
    broken = make_record(compressor="topk", ratio=10.0, status=status, reason="line one\nline | two")
    section = only_section([make_record(), broken])
    assert column(section.tables[0], "OA")["topk 10x"] == status
    assert any(f"{status} (line one line | two)" in note for note in section.notes)
    nothing = only_section([broken])
    assert nothing.conclusion.startswith("No cell is done")


def test_reports_large_share_of_one_d_tensors_is_noted(make_record: Maker) -> None:
    records = [make_record(), make_record(compressor="topk", ratio=2000.0, one_d_share=0.4)]
    assert any("take 40 % of the payload" in note for note in only_section(records).notes)
    records = [make_record(), make_record(compressor="topk", ratio=2000.0, one_d_share=0.25)]
    assert not any("of the payload" in note for note in only_section(records).notes)


def test_reports_part_and_synthetic_are_said(make_record: Maker) -> None:
    data = {"part": "part: 10 of 45 classes, 1,000 of 31,500 images", "synthetic": True, "title": "Made scenes"}
    section = only_section([make_record(dataset_fingerprint="x") | {}])
    assert "synthetic" not in section.title
    described = make_record()
    described["dataset"] |= data
    section = only_section([described])
    assert "synthetic" in section.title
    assert "part: 10 of 45 classes, 1,000 of 31,500 images" in section.facts


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
    alone = [section for section in sections if section.tables[0].title == "Comparison"]
    assert len({section.title for section in alone}) == 2
    assert len({section.title for section in sections}) == len(sections)
    if "epochs" in change:
        assert [section.title.rpartition(", ")[2] for section in sections] == ["epochs 30", "epochs 3"]


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


def test_reports_a_few_equal_differences_have_no_interval(make_record: Maker) -> None:
    scores = {"none": 0.7, "fp16": 0.69}
    records = [make_record(compressor=n, seed=seed, oa=oa + seed / 10) for seed in (0, 1) for n, oa in scores.items()]
    section = only_section(records)
    assert column(section.tables[0], "vs none")["fp16"].startswith("-1.0 ~ [")
    assert "the same in all 2 seeds" in " ".join(section.notes)
    assert "Left out" not in section.conclusion


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


def test_reports_density_details_leave_out_what_is_sent_whole(grid_records: list[dict[str, Any]]) -> None:
    tables = {table.title: table for table in only_section(grid_records).tables}
    details = tables["Density by tensor"]
    assert details.is_detail
    assert [row[0] for row in details.rows] == ["features.0.weight", "head.weight"]
    assert [one.title for one in details.columns] == ["Tensor", "topk 100x", "dgc 100x", "rsdgc 100x"]


def test_reports_table_refuses_ragged_rows() -> None:
    with pytest.raises(ValueError, match="2 texts for 1 columns"):
        Table(title="t", columns=(Column(title="a"),), rows=(("1", "2"),))


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [path, *(leaf for key, item in value.items() for leaf in leaves(item, (*path, key)))]
    if isinstance(value, list) and value:
        return [path, *leaves(value[0], (*path, 0))]
    return [path]


@pytest.mark.parametrize("odd", [None, "x", "", [], {}, 0, -1, 1e300, True])
def test_reports_of_records_edited_anywhere_never_crash(odd: Any, make_record: Maker) -> None:
    """Whatever a field is changed to: it is refused in one sentence, or the report can be built."""
    baselines = {"CEM": {"oa": 0.5, "aa": 0.5, "kappa": 0.4}}
    more: dict[str, Any] = {"history": True, "note": "a note", "baselines": baselines, "provenance": {"argv": ["x"]}}
    for path in leaves(make_record(**more))[1:]:
        for names in (("none", "topk"), ("topk", "none")):
            records = [
                make_record(compressor=name, ratio=None if name == "none" else 10.0, **copy.deepcopy(more))
                for name in names
            ]
            section = records[0]
            for key in path[:-1]:
                section = section[key]
            section[path[-1]] = odd
            try:
                schema.check(records[0])
            except RsbenchError:
                continue
            build_report(records)


def test_reports_against_a_row_of_the_readers_choice(grid_records: list[dict[str, Any]]) -> None:
    [section] = build_report(grid_records, against="rsdgc 100x").sections
    table = section.tables[1]
    assert table.title == "Paired differences to rsdgc 100x"
    gaps = column(table, "vs rsdgc 100x")
    assert gaps["rsdgc 100x"] == "-"
    forward = column(section.tables[0], "vs none")["rsdgc 100x"]
    number = float(gaps["none"].split()[0])
    assert number == -float(forward.split()[0]), "the same difference, seen from the other side"
    assert "noop" not in gaps, "what does not train has no OA"


def test_reports_against_an_unknown_row_is_refused(grid_records: list[dict[str, Any]]) -> None:
    with pytest.raises(RsbenchError, match=r'No finished row is called "rsdg 100x".*rsdgc 100x'):
        build_report(grid_records, against="rsdg 100x")
