"""What a section says of its data, machine, commands and seeds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from report_parts import only_section

from rsbench.judging import Judging
from rsbench.reports import build_report
from rsbench.reports.analysis.statistics.power import seeds_needed

Maker = Callable[..., dict[str, Any]]


def test_reports_part_and_synthetic_are_said(make_record: Maker) -> None:
    data = {"part": "part: 10 of 45 classes, 1,000 of 31,500 images", "synthetic": True, "title": "Made scenes"}
    section = only_section([make_record(dataset_fingerprint="x") | {}])
    assert "synthetic" not in section.title
    described = make_record()
    described["dataset"] |= data
    section = only_section([described])
    assert "synthetic" in section.title
    assert "part: 10 of 45 classes, 1,000 of 31,500 images" in section.facts


def test_one_cell_and_one_seed_are_told_in_the_singular(make_record: Maker) -> None:
    [section] = build_report([make_record()]).sections
    assert section.basis.startswith("1 of 1 cell done; seed 0; ")


@pytest.mark.parametrize("end", ["", " pixels"])
def test_reports_counts_of_a_split_stand_once(end: str, make_record: Maker) -> None:
    how = "50/10/40 per class, one test part for all seeds, train and validation drawn anew with each"
    record = make_record(dataset={"split": f"{how}: 1,050 train, 210 val, 840 test{end}"})
    [section] = build_report([record]).sections
    assert section.facts[0] == (
        f"Images, {len(record['dataset']['classes'])} classes: 1,050 train, 210 validation, 840 test; "
        f"split of seed 0: {how}."
    )


@pytest.mark.parametrize("odd", [None, 3, "text", [], [None, 5, ""], {}])
def test_reports_odd_warnings_notes_and_commands_are_passed_over(odd: Any, make_record: Maker) -> None:
    record = make_record(dataset={"warnings": odd}, provenance={"argv": odd})
    record["compressor"]["note"] = odd if not isinstance(odd, str) else " "
    [section] = build_report([record]).sections
    assert not any(fact.startswith(("Warning", "Command")) for fact in section.facts)
    assert section.tables[0].rows[0][0] == "none"


def test_reports_warnings_of_the_data_are_facts_once(target_records: list[dict[str, Any]]) -> None:
    [section] = build_report(target_records).sections
    warnings = [fact for fact in section.facts if fact.startswith("Warning: ")]
    assert warnings == ["Warning: Random pixel splits leak: neighbours of training pixels are tested."]


def test_reports_facts_hold_each_command_once(make_record: Maker) -> None:
    argv = ["rsbench", "compare", "--out", "my results", "--compressor", "rsdgc:density=0.01"]
    records = [make_record(seed=seed, provenance={"argv": argv}) for seed in (0, 1)]
    records.append(make_record(seed=2, provenance={"argv": ["__main__.py", "run", "--seed", "2"]}))
    [section] = build_report(records).sections
    assert [fact for fact in section.facts if fact.startswith("Command")] == [
        "Command: rsbench compare --out 'my results' --compressor rsdgc:density=0.01",
        "Command: python -m rsbench run --seed 2",
    ]
    many = [make_record(seed=seed, provenance={"argv": ["rsbench", "run", str(seed)]}) for seed in range(20)]
    report = build_report(many)
    assert report.sections[0].facts[-1] == "And 8 more commands: see the table of cells."
    assert "rsbench run 19" in {row[-1] for row in report.cells.rows}


def test_reports_say_how_many_seeds_intervals_that_hold_together_take(make_record: Maker) -> None:
    """With so many, the table's own mark is gone in 80 % of tables: for two rows at 2.5 % each."""
    gains = (0.01, -0.01, 0.02)
    records = [make_record(seed=seed, oa=0.8) for seed in range(3)]
    for name in ("dgc", "topk"):
        records += [make_record(compressor=name, ratio=10.0, seed=seed, oa=0.8 + gains[seed]) for seed in range(3)]
    [fact] = [one for one in build_report(records).sections[0].facts if one.startswith("More seeds")]
    needed = seeds_needed(0.015275252316519466, 0.005, confidence=0.975)
    assert needed > seeds_needed(0.015275252316519466, 0.005)
    assert f"about {needed} for dgc 10x, {needed} for topk 10x (95 % confidence for all 2 comparisons together" in fact


def test_reports_say_how_many_seeds_it_takes(make_record: Maker) -> None:
    gains = (0.01, -0.01, 0.02)
    records = [make_record(seed=seed, oa=0.8) for seed in range(3)]
    records += [make_record(compressor="dgc", ratio=10.0, seed=seed, oa=0.8 + gains[seed]) for seed in range(3)]
    facts = build_report(records).sections[0].facts
    [fact] = [one for one in facts if one.startswith("More seeds")]
    needed = seeds_needed(0.015275252316519466, 0.005)
    assert f"telling 0.5 points of OA from zero takes about {needed} for dgc 10x" in fact
    assert needed > 60
    sure = [make_record(compressor="dgc", ratio=10.0, seed=seed, oa=0.81) for seed in range(3)]
    assert not any("More seeds" in fact for fact in build_report([*records[:3], *sure]).sections[0].facts)
    new_data = build_report(records, judging=Judging(intervals="new-data")).sections[0].facts
    assert not any("More seeds" in fact for fact in new_data), "no number of seeds makes up for a small test set"
    two = build_report([*records[:2], *records[3:5]]).sections[0].facts
    assert not any("More seeds" in fact for fact in two), "a spread of two values says nothing"


def test_figures_origin_names_versions_and_data(make_record: Maker) -> None:
    facts = {"argv": ["/bin/rsbench", "compare", "--data-root", "my data"], "git_sha": "0123456789abcdef"}
    records = [make_record(seed=seed, provenance=facts | {"git_dirty": seed == 1}) for seed in (0, 1)]
    origin = dict(build_report(records).sections[0].origin)
    assert origin["rsbench"] == "0.1.0 (0123456789ab), 0.1.0 (0123456789ab, changed)"
    assert origin["torch"] == "2.14.1"
    assert origin["data fingerprint"] == "f00d"
    assert origin["batch size"] == "32"
    assert "GPU" not in origin
