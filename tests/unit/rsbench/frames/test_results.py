"""What rsbench.load returns."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas
import pytest
from result_folders import measured, write_cell, write_results

import rsbench
from rsbench.errors import RsbenchError
from rsbench.reports import build_report, write_report
from rsbench.results.records import read_records

Maker = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, make_record: Maker) -> Path:
    return write_results(tmp_path_factory.mktemp("results") / "r", make_record)


def test_methods_are_the_rows_of_the_main_table(folder: Path) -> None:
    methods = rsbench.load(folder).methods.set_index("method")
    assert methods.index.tolist() == ["none", "topk 100x"]
    assert methods["test_oa"].tolist() == pytest.approx([0.805, 0.79])
    assert methods.loc["topk 100x", "oa_minus_none"] == pytest.approx(-0.015)
    assert methods["seeds"].tolist() == [2, 2]


def test_frames_hold_what_the_csv_files_hold(folder: Path, tmp_path: Path) -> None:
    write_report(build_report(*read_records([folder])), tmp_path, ["csv"])
    loaded = rsbench.load(str(folder))
    for name, frame in (("cells", loaded.cells), ("methods", loaded.methods)):
        with (tmp_path / f"{name}.csv").open() as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == len(frame) > 0
        for written, (_, row) in zip(rows, frame.iterrows(), strict=True):
            for column, text in written.items():
                value = row[column]
                same = text == "" if pandas.isna(value) else str(value) == text or float(text) == value
                assert same, (name, column)


def test_curves_have_a_row_for_each_validation(folder: Path) -> None:
    curves = rsbench.load(folder).curves
    assert len(curves) == 4 * 4
    of_one = curves[(curves["method"] == "topk 100x") & (curves["seed"] == 1)]
    assert of_one["step"].tolist() == [150, 300, 450, 600]
    assert of_one["val_score"].tolist() == pytest.approx([0.4, 0.64, 0.768, 0.8])
    assert of_one["payload_bytes_total"].is_monotonic_increasing and set(of_one["ratio"]) == {100.0}


def test_a_curve_tells_the_peak_learning_rate_from_that_of_its_step(tmp_path: Path, make_record: Maker) -> None:
    record = make_record(history=True)
    for place, entry in enumerate(record["history"], start=1):
        entry["lr"] = 0.05 / 2**place
    write_cell(tmp_path, record)
    curves = rsbench.load(tmp_path).curves
    assert set(curves["lr"]) == {0.05} and curves["step_lr"].tolist()[:2] == [0.025, 0.0125]


def test_steps_are_read_from_samples_and_can_be_chosen(folder: Path) -> None:
    loaded = rsbench.load(folder)
    steps = loaded.steps()
    assert len(steps) == 4 * 5 and steps["loss"].tolist()[:2] == [1.0, 0.5]
    key = loaded.cells["key"][2]
    assert set(loaded.steps([key])["key"]) == {key} and len(loaded.steps([key])) == 5
    assert loaded.steps([]).empty


def test_links_are_asked_as_the_report_asks(tmp_path: Path, make_record: Maker) -> None:
    for record in (make_record(), make_record(compressor="topk", ratio=100.0)):
        write_cell(tmp_path, measured(record))
    links = rsbench.load(tmp_path).links("10mbit", "1gbit", latency="100ms")
    assert links["down_bits_per_s"].tolist() == [1e7, 1e7, 1e9, 1e9] and set(links["round_trip_s"]) == {0.1}
    run_s = links.set_index(["link", "method"])["run_s"]
    assert run_s.loc[links["link"][0], "none"] > 5 * run_s.loc[links["link"][0], "topk 100x"]
    with pytest.raises(RsbenchError, match="10parsec"):
        rsbench.load(tmp_path).links("10parsec")


def test_several_folders_are_taken_together_and_problems_are_told(tmp_path: Path, make_record: Maker) -> None:
    write_cell(tmp_path / "a", make_record())
    damaged = write_cell(tmp_path / "a", make_record(seed=3)) / "record.json"
    damaged.write_text("{")
    write_cell(tmp_path / "b", make_record(seed=1))
    both = rsbench.load(tmp_path / "a", tmp_path / "b")
    assert both.cells["seed"].tolist() == [0, 1] and both.methods["seeds"].tolist() == [2]
    assert len(both.problems) == 1 and str(damaged) in both.problems[0]


def test_nothing_to_load_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(RsbenchError, match=r"There is no result folder .*none"):
        rsbench.load(tmp_path / "none")
    with pytest.raises(RsbenchError, match="Nothing usable is recorded in"):
        rsbench.load(tmp_path)


def test_cells_that_failed_are_rows_too(tmp_path: Path, make_record: Maker) -> None:
    write_cell(tmp_path, make_record())
    write_cell(
        tmp_path,
        make_record(
            compressor="dgc", ratio=10.0, status="failed", reason="no memory", started_utc="2026-02-01T12:00:00Z"
        ),
    )
    loaded = rsbench.load(tmp_path)
    assert loaded.cells["status"].tolist() == ["done", "failed"] and loaded.cells["reason"][1] == "no memory"
    assert loaded.methods["cells_not_done"].tolist() == [0, 1]
    assert repr(loaded) == f"Results({tmp_path}: 2 cells)"
