"""Options of checkpoints on the command line: what jobs are told, what is refused, and when workers start again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from rsbench.launch.failure import Cause
from rsbench.launch.launcher import Outcome
from rsbench.results.folder import CellFolder

Call = Callable[..., Result]
ONE = ("compare", "--epochs", "1", "--compressor", "none")


def failed(*, by_user: bool = False) -> Outcome:
    cause = Cause(reason="rank 1 was killed by SIGKILL (signal 9)", log=None, tail=(), by_user=by_user)
    return Outcome(status="failed", cause=cause, wall_s=0.1)


def jobs(launcher: Any, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What each launch's workers were told."""
    told, run = [], launcher.run

    def noting(folder: Path, **others: Any) -> Outcome:
        told.append(json.loads(CellFolder(folder).job.read_text()))
        outcome: Outcome = run(folder, **others)
        return outcome

    monkeypatch.setattr(launcher, "run", noting)
    return told


def test_a_job_is_told_of_checkpoints_in_the_cells_folder(
    rsbench: Call, launcher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = jobs(launcher, monkeypatch)
    assert rsbench(*ONE, "--checkpoint-every", "20", "--keep-weights").exit_code == 0
    asked = told[0]["checkpoints"]
    assert (asked["every"], asked["reset_compressor"], told[0]["keep_weights"]) == (20, False, True)
    folder = Path(asked["folder"])
    assert folder.is_absolute() and folder.name == "checkpoints" and folder.parent.parent.name == "cells"


def test_by_default_jobs_save_after_epochs_and_without_checkpoints_never(
    rsbench: Call, launcher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = jobs(launcher, monkeypatch)
    assert rsbench(*ONE).exit_code == 0
    assert rsbench(*ONE, "--no-checkpoints", "--rerun").exit_code == 0
    assert told[0]["checkpoints"]["every"] is None
    assert told[1]["checkpoints"] is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--checkpoint-every", "0"), "0 is not in the range x>=1"),
        (("--checkpoint-every", "1.5"), "'1.5' is not a whole number"),
        (("--max-restarts", "-1"), "-1 is not in the range x>=0"),
        (
            ("--checkpoint-every", "9", "--no-checkpoints"),
            "--checkpoint-every is about checkpoints, and --no-checkpoints",
        ),
        (("--reset-compressor", "--no-checkpoints"), "--reset-compressor is about checkpoints, and"),
    ],
)
def test_what_cannot_be_is_refused_before_launch(
    rsbench: Call, launcher: Any, options: tuple[str, ...], words: str
) -> None:
    result = rsbench(*ONE, *options)
    assert result.exit_code == 2 and words in " ".join(result.output.split()), result.output
    assert launcher.ran == []


def test_workers_that_were_killed_are_started_again_as_often_as_asked(
    rsbench: Call, launcher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = jobs(launcher, monkeypatch)
    launcher.fails["none"] = failed()
    result = rsbench(*ONE, "--max-restarts", "2")
    assert result.exit_code == 1
    assert [job["restarts"] for job in told] == [0, 1, 2]
    assert "rank 1 was killed by SIGKILL (signal 9); started again (2 of 2)" in result.output


def test_a_restart_that_succeeds_is_a_cell_that_is_done(rsbench: Call, launcher: Any) -> None:
    launcher.fails["none"] = failed()
    launcher.after = lambda: launcher.fails.clear() if len(launcher.ran) == 2 else None
    result = rsbench(*ONE, "--max-restarts", "5")
    assert result.exit_code == 0, result.output
    assert len(launcher.ran) == 2


def test_nobody_starts_again_what_the_user_must_mend_or_has_stopped(rsbench: Call, launcher: Any) -> None:
    launcher.fails["none"] = failed(by_user=True)
    assert rsbench(*ONE, "--max-restarts", "5").exit_code == 1
    launcher.fails["none"] = Outcome(status="timeout", cause=failed().cause, wall_s=0.1)
    assert rsbench(*ONE, "--max-restarts", "5").exit_code == 1
    assert len(launcher.ran) == 2


def a_checkpoint(out: Path, steps: int = 60) -> CellFolder:
    """The cell, with what looks like a checkpoint of two ranks."""
    (path,) = (out / "cells").iterdir()
    cell = CellFolder(path)
    for rank in range(2):
        header = cell.checkpoints / f"step-{steps:08d}" / f"rank{rank}.json"
        header.parent.mkdir(parents=True, exist_ok=True)
        header.write_text("{}")
    return cell


def test_checkpoints_stay_with_a_cell_that_failed_and_go_with_one_that_is_done(
    rsbench: Call, launcher: Any, tmp_path: Path
) -> None:
    launcher.fails["none"] = failed()
    launcher.after = lambda: a_checkpoint(tmp_path / "work" / "rsbench-results") and None
    result = rsbench(*ONE)
    cell = a_checkpoint(tmp_path / "work" / "rsbench-results")
    assert "The same command goes on from step 60." in " ".join(result.output.split()), result.output
    assert (cell.checkpoints / "reached.json").is_file()
    assert "goes on from step 60" in rsbench("list", "runs").output
    launcher.fails.clear()
    assert rsbench(*ONE).exit_code == 0
    assert not cell.checkpoints.exists()
    assert "goes on" not in rsbench("list", "runs").output


def test_a_rerun_begins_anew(rsbench: Call, launcher: Any, tmp_path: Path) -> None:
    launcher.fails["none"] = failed()
    rsbench(*ONE)
    cell, seen = a_checkpoint(tmp_path / "work" / "rsbench-results"), []
    launcher.after = lambda: seen.append(cell.checkpoints.exists())
    rsbench(*ONE)
    rsbench(*ONE, "--rerun")
    assert seen == [True, False]
