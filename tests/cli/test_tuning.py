"""``--tuning-seed`` and ``--budget``: who chooses the learning rate, what enters the table, how a study goes on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from rsbench import results
from rsbench.launch import Outcome

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
            record = results.read_record(folder / results.RECORD_NAME)
            record["accuracy"]["val_oa"] = {0.01: 0.7, 0.1: 0.8, 0.5: 0.6}[cell["lr"]]
            record["accuracy"]["test"]["oa"] = 0.99 if cell["seed"] == 9 else 0.75
            results.write_record(folder, record)
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
    assert "synthetic smallvgg topk 100x: learning rate 0.1" in result.output
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
    assert "topk 100x: not tuned yet" in result.output
    assert not [cell for cell in graded.cells if cell[0] == "topk" and cell[2] != 9]


def test_the_tuning_seed_is_none_of_the_seeds(rsbench: Call, launcher: Any) -> None:
    result = rsbench("compare", "--tuning-seed", 1, "--seeds", "0,1")
    assert result.exit_code == 2
    assert "The tuning seed 1 is among the seeds" in result.output


def test_a_budget_ends_the_grid_and_the_same_command_goes_on(
    rsbench: Call, launcher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 10_000, 40))
    monkeypatch.setattr("rsbench.grid.time.monotonic", lambda: float(next(clock)))
    result = rsbench("compare", "--budget", "100s")
    assert result.exit_code == 0
    assert 0 < len(launcher.ran) < 4
    assert f"{4 - len(launcher.ran)} of 4 cells were not begun" in result.output
    assert "rsdgc 100x lr 0.05 seed 0" in result.output.split("not begun")[1]
    monkeypatch.undo()


def test_a_dry_run_says_how_long_it_will_take(rsbench: Call, launcher: Any) -> None:
    assert "unknown for 4 cells" in rsbench("compare", "--dry-run").output
    rsbench("compare", "--compressor", "none")
    output = rsbench("compare", "--dry-run", "--budget", "100m").output
    assert "3 of 3 cells fit the budget" in output
