"""Several settings side by side: models, and numbers of workers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich_records import fusion_records

from rsbench.reports import build_report

Maker = Callable[..., dict[str, Any]]


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
    assert pairs["fusion minus hsi"] == "+4.7 [+2.1, +7.2]"
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


def test_reports_models_of_one_seed_or_other_seeds_are_said_with_care(make_record: Maker) -> None:
    one = build_report([make_record(model="a", oa=0.8), make_record(model="b", oa=0.7)]).sections[-1].conclusion
    assert one.endswith("10.0 points above b. Differences cannot be judged from one common seed.")
    scores = [("a", 0, 0.8), ("a", 1, 0.7), ("a", 2, 0.96), ("b", 0, 0.81), ("b", 1, 0.72)]
    text = build_report([make_record(model=m, seed=s, oa=oa) for m, s, oa in scores]).sections[-1].conclusion
    assert text == (
        "Under none a has the highest mean: OA 82.0 %. Over the seeds in common with it b scores higher: the seeds are "
        "not the same."
    )


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
