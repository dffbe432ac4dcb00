"""``--tuning-seed`` and ``--budget``: who chooses the learning rate, what enters the table, how a study goes on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from filelock import FileLock

from rsbench.launch.launcher import Outcome
from rsbench.results import records
from rsbench.results.folder import CellFolder
from rsbench.run import ending, runner

Call = Callable[..., Result]
STUDY = ("compare", "--compressor", "none", "--compressor", "topk", "--tuning-seed", 9, "--seeds", "0,1")
RATES = ("--lr", 0.01, "--lr", 0.1, "--lr", 0.5)


@pytest.fixture
def graded(launcher: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Validation OA by learning rate, best at 0.1; the tuning seed's test OA is far above the others'."""
    ran: list[tuple[str, float, int]] = []
    plain = launcher.run

    def run(folder: Path, **given: Any) -> Outcome:
        outcome: Outcome = plain(folder, **given)
        cell = json.loads((folder / "job.json").read_text())["cell"]
        ran.append((cell["compressor"], cell["lr"], cell["seed"]))
        if outcome.status == "done":
            record = records.read_record(CellFolder(folder).record)
            record["accuracy"]["val_score"] = {0.01: 0.7, 0.1: 0.8, 0.5: 0.6}[cell["lr"]]
            record["accuracy"]["test"]["oa"] = 0.99 if cell["seed"] == 9 else 0.75
            records.write_record(folder, record)
        return outcome

    monkeypatch.setattr(launcher, "run", run)
    launcher.cells = ran
    return launcher


def test_the_tuning_seed_chooses_and_stays_out_of_the_table(rsbench: Call, graded: Any) -> None:
    result = rsbench(*STUDY, *RATES)
    assert result.exit_code == 0, result.output
    assert {rate for _, rate, seed in graded.cells if seed == 9} == {0.01, 0.1, 0.5}
    assert {rate for _, rate, seed in graded.cells if seed != 9} == {0.1}
    assert len(graded.cells) == 2 * (3 + 2)
    assert "synthetic smallvgg topk 50x: learning rate 0.1" in result.output
    later = rsbench("report")
    assert "75.0" in later.output
    assert "99.0" not in later.output
    again = rsbench(*STUDY, *RATES)
    assert again.exit_code == 0
    assert len(graded.cells) == 10, "nothing runs twice"


def test_a_rate_that_failed_is_no_candidate(rsbench: Call, graded: Any) -> None:
    graded.fails["topk"] = Outcome(status="failed", wall_s=1.0)
    result = rsbench(*STUDY, *RATES)
    assert result.exit_code == 1
    assert "topk 50x: no learning rate trained" in result.output
    assert "0.01: failed, 0.1: failed, 0.5: failed" in result.output
    assert not [cell for cell in graded.cells if cell[0] == "topk" and cell[2] != 9]


def test_methods_run_in_turn_so_that_a_slow_hour_hits_all(rsbench: Call, graded: Any) -> None:
    assert rsbench(*STUDY, *RATES).exit_code == 0
    trials, seeds = graded.cells[:6], graded.cells[6:]
    assert [name for name, _, _ in trials] == ["none", "topk"] * 3
    assert [(name, seed) for name, _, seed in seeds] == [("none", 0), ("topk", 0), ("none", 1), ("topk", 1)]


def test_seeds_end_whole_when_the_budget_does(rsbench: Call, graded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rsbench.run.runner.time.monotonic", lambda: 160.0 * len(graded.cells))
    result = rsbench(*STUDY, *RATES, "--budget", "1200s")
    monkeypatch.undo()
    assert 6 <= len(graded.cells) < 10
    assert [seed for _, _, seed in graded.cells][:6] == [9] * 6, "all rows are tuned before the first other seed"
    assert "cells were not begun" in result.output


def test_a_cell_that_was_done_before_the_study_stays_out_of_its_table(rsbench: Call, graded: Any) -> None:
    rsbench("compare", "--compressor", "none", "--lr", 0.1, "--seeds", 9)
    result = rsbench(*STUDY, *RATES)
    assert "1 of 10 cells are already done; 9 to run." in result.output
    table = rsbench("report").output
    assert "75.0" in table
    assert "99.0" not in table
    methods = (Path("rsbench-results") / "methods.csv").read_text()
    header, none, *_ = (line.split(",") for line in methods.splitlines())
    assert none[header.index("cells_done")] == "2"
    assert none[header.index("cells_not_done")] == "0"


def test_a_row_that_is_only_tuned_says_so(rsbench: Call, graded: Any) -> None:
    rsbench(*STUDY, *RATES)
    rsbench("compare", "--compressor", "dgc", "--seeds", 9, "--lr", 0.1)
    row = next(line for line in rsbench("report").output.splitlines() if line.startswith("dgc 50x"))
    assert row.split()[2] == "tuning"


def test_what_does_not_train_has_nothing_to_tune(rsbench: Call, graded: Any) -> None:
    result = rsbench("compare", "--compressor", "noop", "--tuning-seed", 9, "--seeds", "0,1", *RATES)
    assert result.exit_code == 0, result.output
    assert [(rate, seed) for _, rate, seed in graded.cells] == [(0.01, 0), (0.01, 1)]


def test_a_dry_run_counts_the_cells_of_rows_that_are_not_tuned(rsbench: Call, launcher: Any) -> None:
    output = rsbench(*STUDY, *RATES, "--dry-run", "--verbose").output
    assert "at most 10 cells to run, 0 already done" in output
    assert " best " in output


def test_rerun_runs_a_study_again(rsbench: Call, graded: Any) -> None:
    rsbench(*STUDY, *RATES)
    rsbench(*STUDY, *RATES, "--rerun")
    assert len(graded.cells) == 20


def test_rows_of_grids_that_train_differently_are_tuned_apart(rsbench: Call, graded: Any) -> None:
    shared = 'compressor = ["none"]\nlr = [0.01, 0.1]\ntuning-seed = 9\nseeds = [0]\n'
    Path("two.toml").write_text(shared + "[[grid]]\nbatch-size = 4\n[[grid]]\nbatch-size = 8\n")
    result = rsbench("compare", "--plan", "two.toml")
    assert result.exit_code == 0, result.output
    assert len(graded.cells) == 2 * (2 + 1)
    assert "synthetic smallvgg none batch size 4: learning rate 0.1" in result.output
    assert "synthetic smallvgg none batch size 8: learning rate 0.1" in result.output


def test_the_tuning_seed_is_none_of_the_seeds(rsbench: Call, launcher: Any) -> None:
    result = rsbench("compare", "--tuning-seed", 1, "--seeds", "0,1")
    assert result.exit_code == 2
    assert "The tuning seed 1 is among the seeds" in result.output


def test_a_budget_ends_the_grid_and_the_same_command_goes_on(
    rsbench: Call, launcher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rsbench.run.runner.time.monotonic", lambda: 60.0 * len(launcher.ran))
    result = rsbench("compare", "--budget", "100s")
    assert result.exit_code == 0
    assert 0 < len(launcher.ran) < 4
    assert f"{4 - len(launcher.ran)} of 4 cells were not begun" in result.output
    assert "rsdgc 50x lr 0.05 seed 0" in result.output.split("not begun")[1]
    monkeypatch.undo()


def test_a_dry_run_says_how_long_it_will_take(rsbench: Call, launcher: Any) -> None:
    assert "Times are from operations alone" in rsbench("compare", "--dry-run").output
    rsbench("compare", "--compressor", "none")
    output = rsbench("compare", "--dry-run", "--budget", "100m").output
    assert "3 of 3 cells fit the budget" in output and "alone" not in output


def oa_of(output: str, method: str) -> str:
    row = next(line for line in output.splitlines() if line.startswith(f"{method} "))
    return row.removeprefix(method).split()[0]


def test_a_study_of_cells_that_were_all_done_before_keeps_its_tuning_seed_out(rsbench: Call, graded: Any) -> None:
    rsbench("compare", "--compressor", "none", *RATES, "--seeds", "9,0,1")
    assert oa_of(rsbench("report").output, "none") != "75.0"
    rsbench("compare", "--compressor", "none", *RATES, "--tuning-seed", 9, "--seeds", "0,1")
    assert len(graded.cells) == 9, "nothing runs twice"
    assert oa_of(rsbench("report").output, "none") == "75.0"


def test_a_grid_that_is_extended_and_then_stopped_still_reports(
    rsbench: Call, graded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = ("compare", "--compressor", "none", "--tuning-seed", 9, "--seeds", "0,1")
    rsbench(*study, "--lr", 0.01, "--lr", 0.5)
    monkeypatch.setattr("rsbench.run.runner.CellRunner.run", _only_one)
    result = rsbench(*study, *RATES)
    assert result.exit_code == 0, result.output
    assert "Traceback" not in result.output
    assert rsbench("report").exit_code == 0


def _only_one(cells: runner.CellRunner, queue: Any) -> Any:
    summary = ending.RunSummary()
    job = queue.take()
    ended = cells._turn(job, 1)
    assert ended is not None
    summary.add(job, ended)
    return summary


def test_a_row_that_another_process_works_on_comes_last_and_is_waited_for(
    rsbench: Call, graded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rsbench("compare", "--compressor", "none", "--lr", 0.1, "--seeds", 9)
    [done] = (Path("rsbench-results") / "cells").iterdir()
    record = (done / "record.json").read_text()
    (done / "record.json").unlink()
    lock = FileLock(done / ".lock")
    lock.acquire()

    def other_ends(seconds: float) -> None:
        (done / "record.json").write_text(record)
        lock.release()

    monkeypatch.setattr("rsbench.run.runner.time.sleep", other_ends)
    result = rsbench(*STUDY, *RATES)
    assert result.exit_code == 0, result.output
    assert "another rsbench is running this cell; its end is waited for" in result.output
    assert "another rsbench has run it meanwhile, test OA 99.0 %" in result.output
    assert [name for name, _, _ in graded.cells] == ["none", *["topk"] * 5, *["none"] * 4], "the busy row comes last"
    assert "All 10 cells are done; another rsbench ran 1 of them." in result.output
