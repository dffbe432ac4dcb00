"""Each task by its own metrics, what records say beside numbers, and several settings side by side."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from report_parts import comparison_of
from rich.console import Console

from rsbench.metrics import score_text
from rsbench.reports import build_report, show
from rsbench.reports.analysis.conclusion import conclude
from rsbench.reports.analysis.statistics import seeds_needed
from rsbench.reports.document.table import Section, Table

Maker = Callable[..., dict[str, Any]]


def column(table: Table, title: str) -> dict[str, str]:
    index = [one.title for one in table.columns].index(title)
    return {row[0].partition(" [")[0]: row[index] for row in table.rows}


def table_of(section: Section, start: str) -> Table:
    return next(table for table in section.tables if table.title.startswith(start))


def test_reports_targets_show_areas_under_curves_in_their_own_unit(target_records: list[dict[str, Any]]) -> None:
    [section] = build_report(target_records).sections
    comparison = section.tables[0]
    assert [one.heading for one in comparison.columns[:3]] == ["Method", "AUC(Pd,Pf) ↑", "vs none ↑"]
    assert column(comparison, "AUC(Pd,Pf)")["none"] == "0.9710 ± 0.0030"
    assert column(comparison, "vs none")["topk 100x"] == "-0.0200 [-0.0225, -0.0175]"
    assert column(comparison, "vs none")["dgc 100x"].endswith("~")
    details = table_of(section, "Accuracy and bytes")
    assert [one.heading for one in details.columns[1:3]] == ["AUC(Pd,tau) ↑", "AUC(Pf,tau) ↓"]
    assert column(details, "AUC(Pf,tau)")["rsdgc 100x"] == "0.0200"
    assert section.facts[0].startswith("Pixels, 2 classes")
    assert "Left out because AUC(Pd,Pf) is clearly lower, or over 0.01 lower on average: topk 100x (-0.0200 [" in (
        section.conclusion
    )


def test_reports_baselines_are_rows_without_bytes_or_time(target_records: list[dict[str, Any]]) -> None:
    report = build_report(target_records)
    [section] = report.sections
    rows = {row[0]: row for row in section.tables[0].rows}
    assert list(rows)[-2:] == ["CEM (no training)", "ACE (no training)"]
    assert rows["CEM (no training)"][1] == "0.9421", "no spread: the same in all cells"
    assert rows["CEM (no training)"][2].startswith("-0.0289 [")
    assert set(rows["CEM (no training)"][3:]) == {"-"}
    flat = column(report.methods, "method")
    assert flat
    [cem] = [row for row in report.methods.rows if "CEM (no training)" in row]
    names = [one.title for one in report.methods.columns]
    assert cem[names.index("test_auc_pf_tau")] == "0.05"
    assert cem[names.index("payload_bytes_total")] == ""
    assert cem[names.index("p_corrected")] == "", "no compressor: it enters no correction"


def test_reports_a_row_carries_its_records_note(target_records: list[dict[str, Any]]) -> None:
    [section] = build_report(target_records).sections
    assert section.notes[0] == "Adam: momentum=0, error feedback only."
    names = [row[0] for row in section.tables[0].rows]
    assert names[2:4] == ["dgc 100x [1]", "rsdgc 100x [1]"]


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
    two = build_report([*records[:2], *records[3:5]]).sections[0].facts
    assert not any("More seeds" in fact for fact in two), "a spread of two values says nothing"


def test_reports_correct_for_the_number_of_comparisons(make_record: Maker) -> None:
    """A gain whose own interval is above zero is no finding when it is the luckiest of five."""
    lucky, flat = (0.008, 0.012, 0.013, 0.004), (0.01, -0.012, 0.004, -0.003)
    none = [make_record(seed=seed, oa=0.8) for seed in range(4)]

    def row(name: str, gains: tuple[float, ...]) -> list[dict[str, Any]]:
        return [make_record(compressor=name, ratio=10.0, seed=s, oa=0.8 + gain) for s, gain in enumerate(gains)]

    alone = build_report([*none, *row("dgc", lucky)]).sections[0]
    text = column(alone.tables[0], "vs none")["dgc 10x"]
    assert text.startswith("+0.9 [+0.3, +1.6]") and not text.endswith("~")
    assert not any("Holm" in note for note in alone.notes)
    others = [record for name in ("topk", "rsdgc", "randomk", "blocktopk") for record in row(name, flat)]
    five = build_report([*none, *row("dgc", lucky), *others]).sections[0]
    assert column(five.tables[0], "vs none")["dgc 10x"].startswith("+0.9 [+0.3, +1.6] ~ [")
    assert any("Holm's correction for the 5 comparisons with none" in note for note in five.notes)


def test_reports_mark_the_pareto_front(grid_records: list[dict[str, Any]]) -> None:
    [section] = build_report(grid_records).sections
    pareto = column(table_of(section, "Accuracy and bytes"), "Pareto")
    assert pareto == {"none": "-", "topk 100x": "-", "dgc 100x": "-", "rsdgc 100x": "yes", "noop": "-"}


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


def test_reports_score_of_a_record_in_one_line(make_record: Maker) -> None:
    assert score_text(make_record(oa=0.912)) == "test OA 91.2 %"
    assert score_text(make_record(task="targets", oa=0.912)) == "test AUC(Pd,Pf) 0.9120"
    assert score_text(make_record(status="failed")) == ""
    assert score_text(make_record(compressor="noop")) == ""


def fusion_records(make_record: Maker) -> list[dict[str, Any]]:
    means = {"hsi": (0.83, 0.84, 0.85), "lidar": (0.60, 0.62, 0.61), "fusion": (0.87, 0.89, 0.90)}
    return [
        make_record(
            task="pixels",
            model=model,
            oa=oa - (0.01 + 0.0001 * seed if name == "topk" else 0),
            compressor=name,
            seed=seed,
            provenance={"argv": ["rsbench", "compare", "--model", "hsi", "--model", "lidar"]},
        )
        for model, values in means.items()
        for seed, oa in enumerate(values)
        for name in ("none", "topk")
    ]


def test_reports_models_of_the_same_work_stand_side_by_side(make_record: Maker) -> None:
    sections = build_report(fusion_records(make_record)).sections
    assert len(sections) == 4
    side = sections[-1]
    assert side.title == "Models side by side: UC Merced Land Use, 2 workers on cpu"
    rows = [row[:4] for row in side.tables[0].rows]
    assert rows[0] == ("hsi", "none", "84.0 ± 1.0", "-")
    assert rows[5][:3] == ("fusion", "topk", "87.7 ± 1.5")
    assert rows[5][3].startswith("-1.0 [-1.0, -1.0]")
    pairs = dict(row[:2] for row in side.tables[1].rows)
    assert list(pairs) == ["hsi minus lidar", "fusion minus hsi", "fusion minus lidar"]
    assert pairs["fusion minus hsi"] == "+4.7 [+3.2, +6.1]"
    assert side.conclusion == (
        "Under none fusion has the highest mean: OA 88.7 %, 4.7 points above hsi, 27.7 points above lidar."
    )
    assert any("3 comparisons" in note for note in side.notes)
    assert side.facts[-1] == "Command: rsbench compare --model hsi --model lidar"


def test_reports_models_with_other_recipes_or_without_none_are_not_compared(make_record: Maker) -> None:
    assert len(build_report([make_record(model="a"), make_record(model="b", epochs=3)]).sections) == 2
    pair = [make_record(model=model, compressor="topk", ratio=10.0) for model in "ab"]
    side = build_report(pair).sections[-1]
    assert len(side.tables) == 1
    assert side.conclusion.startswith("Fewer than two models have a finished run of none")
    unfinished = [make_record(model="a"), make_record(model="b", status="failed", reason="no memory")]
    assert len(build_report(unfinished).sections) == 2


def test_reports_scaling_compares_with_the_fewest_workers(make_record: Maker) -> None:
    records = []
    for workers in (8, 2, 1):
        wait = {"wait_s": 47.0 + 10.0 * (workers - 1)}
        records.append(make_record(workers=workers, split_ms=wait))
        if workers > 1:
            records.append(make_record(workers=workers, compressor="rsdgc", ratio=100.0, split_ms={"wait_s": 47.0}))
    section = build_report(records).sections[-1]
    assert section.title == "Scaling: UC Merced Land Use, smallvgg on cpu"
    assert [one.heading for one in section.tables[0].columns] == [
        "Method",
        "Workers",
        "Step (ms) ↓",
        "Images/s ↑",
        "Epoch (s) ↓",
        "Speed-up ↑",
        "Efficiency (%) ↑",
    ]
    assert section.tables[0].rows == (
        ("none", "1", "100", "320", "3.28", "1.0x", "100"),
        ("none", "2", "110", "582", "1.80", "1.8x", "91"),
        ("none", "8", "170", "1510", "0.697", "4.7x", "59"),
        ("rsdgc 100x", "2", "100", "640", "1.64", "1.0x", "100"),
        ("rsdgc 100x", "8", "100", "2560", "0.410", "4.0x", "100"),
    )
    assert "none 4.7x on 8 (59 % efficiency), rsdgc 100x 4.0x on 8 (100 % efficiency)" in section.conclusion
    assert "share one machine's cores" in section.conclusion


def test_reports_of_all_tasks_at_once_are_shown(
    target_records: list[dict[str, Any]], grid_records: list[dict[str, Any]], make_record: Maker
) -> None:
    report = build_report([*grid_records, *target_records, *fusion_records(make_record)])
    stream = io.StringIO()
    show(report, Console(file=stream, width=100))
    assert max(map(len, stream.getvalue().splitlines())) <= 100
    names = [one.title for one in report.methods.columns]
    assert {"test_oa", "test_auc_pd_pf", "oa_minus_none", "auc_pd_pf_minus_none", "task"} <= set(names)


def test_reports_models_of_one_seed_or_other_seeds_are_said_with_care(make_record: Maker) -> None:
    one = build_report([make_record(model="a", oa=0.8), make_record(model="b", oa=0.7)]).sections[-1].conclusion
    assert one.endswith("10.0 points above b. Differences cannot be judged from one common seed.")
    scores = [("a", 0, 0.8), ("a", 1, 0.7), ("a", 2, 0.96), ("b", 0, 0.81), ("b", 1, 0.72)]
    text = build_report([make_record(model=m, seed=s, oa=oa) for m, s, oa in scores]).sections[-1].conclusion
    assert text == (
        "Under none a has the highest mean: OA 82.0 %. Over the seeds in common with it b scores higher: the seeds are "
        "not the same."
    )
