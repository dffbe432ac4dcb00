"""The first table: rows, marks and notes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from report_parts import column, only_section, table_of
from rich_records import with_targets

from rsbench.reports import FORMATS, build_report

Maker = Callable[..., dict[str, Any]]


def test_reports_grid_in_the_main_table(grid_records: list[dict[str, Any]]) -> None:
    section = only_section(grid_records)
    comparison = table_of(section, "Comparison")
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


def test_reports_one_seed_has_no_interval_and_fewer_seeds_are_paired(make_record: Maker) -> None:
    nones = [make_record(seed=seed, oa=0.8 + 0.01 * seed) for seed in (0, 1, 2)]
    pair = [make_record(compressor="topk", ratio=10.0, seed=seed, oa=0.9 + 0.02 * seed) for seed in (0, 1)]
    section = only_section([*nones, *pair])
    assert column(table_of(section, "Comparison"), "vs none")["topk 10x"].startswith("+10.5 [+4.1, +16.9] [")
    assert any("over the 2 seeds in common with none's 3" in note for note in section.notes)
    single = only_section([*nones, pair[0]])
    assert column(table_of(single, "Comparison"), "vs none")["topk 10x"].startswith("+10.0 [")
    assert any("No interval: one seed in common" in note for note in single.notes)


def test_reports_interval_with_zero_is_marked(make_record: Maker) -> None:
    records = []
    for seed, gain in enumerate((0.01, -0.01, 0.02)):
        records += [
            make_record(seed=seed, oa=0.8),
            make_record(compressor="dgc", ratio=10.0, seed=seed, oa=0.8 + gain),
        ]
    assert column(table_of(only_section(records), "Comparison"), "vs none")["dgc 10x"].endswith("~")


@pytest.mark.parametrize("status", ["failed", "timeout", "interrupted", "skipped"])
def test_reports_row_without_a_finished_cell_is_visible(status: str, make_record: Maker) -> None:
    broken = make_record(compressor="topk", ratio=10.0, status=status, reason="line one\nline | two")
    section = only_section([make_record(), broken])
    assert column(table_of(section, "Comparison"), "OA")["topk 10x"] == status
    assert any(f"{status} (line one line | two)" in note for note in section.notes)
    nothing = only_section([broken])
    assert nothing.conclusion.startswith("No cell is done")


def test_reports_large_share_of_one_d_tensors_is_noted(make_record: Maker) -> None:
    records = [make_record(), make_record(compressor="topk", ratio=2000.0, one_d_share=0.4)]
    assert any("take 40 % of the payload" in note for note in only_section(records).notes)
    records = [make_record(), make_record(compressor="topk", ratio=2000.0, one_d_share=0.25)]
    assert not any("of the payload" in note for note in only_section(records).notes)


def test_reports_a_few_equal_differences_have_no_interval(make_record: Maker) -> None:
    scores = {"none": 0.7, "fp16": 0.69}
    records = [make_record(compressor=n, seed=seed, oa=oa + seed / 10) for seed in (0, 1) for n, oa in scores.items()]
    section = only_section(records)
    assert column(table_of(section, "Comparison"), "vs none")["fp16"].startswith("-1.0 ~ [")
    assert "the same in all 2 seeds" in " ".join(section.notes)
    assert "Left out" not in section.conclusion


def test_reports_baselines_are_rows_without_bytes_or_time(target_records: list[dict[str, Any]]) -> None:
    report = build_report(target_records)
    [section] = report.sections
    rows = {row[0]: row for row in table_of(section, "Comparison").rows}
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
    names = [row[0] for row in table_of(section, "Comparison").rows]
    assert names[2:4] == ["dgc 100x [1]", "rsdgc 100x [1]"]


def test_the_origin_of_a_target_spectrum_is_told_below_the_table(make_record: Maker) -> None:
    record = with_targets(make_record())
    assert "Spectrum of the target" not in str(only_section([record]).notes), "older records do not say it"
    record["dataset"]["target_origin"] = "mean of the marked pixels"
    assert any(
        note.endswith("Spectrum of the target: mean of the marked pixels.") for note in only_section([record]).notes
    )


def test_a_missed_ratio_is_marked_and_told_in_every_format(make_record: Maker, tmp_path: Path) -> None:
    missed, met = (make_record(compressor=name, ratio=500.0, seed=0) for name in ("topk", "dgc"))
    missed["traffic"]["compression_ratio"], met["traffic"]["compression_ratio"] = 524.0, 504.0
    section = only_section([make_record(seed=0), missed, met])
    ratios = column(table_of(section, "Comparison"), "Ratio")
    assert ratios["topk 500x"].startswith("524x [")
    assert ratios["dgc 500x"] == "504x"
    words = "asked 500x, sent 524.0x (+4.8 %)"
    assert sum(words in note for note in section.notes) == 1
    report = build_report([make_record(seed=0), missed, met])
    for name, write in FORMATS.items():
        texts = [path.read_text(encoding="utf-8") for path in write(report, tmp_path / name) if path.suffix != ".png"]
        assert any("asked 500x, sent 524.0x (+4.8" in text for text in texts), name
    values = {row[report.methods.columns.index(note)] for note in report.methods.columns if note.key == "ratio_note"
              for row in report.methods.values or ()}  # fmt: skip
    assert values == {None, words}
    assert not [note for note in build_report([met]).cells.columns if note.key == "ratio_note"]


def test_a_cell_that_went_on_without_its_compressors_state_is_marked(make_record: Maker) -> None:
    record = make_record(compressor="topk", ratio=10.0)
    record["provenance"]["runtime"] |= {"resumed_from_step": [40], "compressor_reset_at_step": 40}
    section = only_section([make_record(), record])
    words = "seed 0 went on from step 40 without the compressor's state (--reset-compressor)."
    assert words in [note.partition("] ")[2] or note for note in section.notes]
