"""``rsbench compare`` on a folder that others work on, too: numbers stay until newer ones are whole, words are true."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from filelock import FileLock

from rsbench.launch.failure import Cause
from rsbench.launch.launcher import Outcome

Call = Callable[..., Result]
OUT = Path("rsbench-results")
pytestmark = pytest.mark.usefixtures("no_torch")
INTERLEAVE = Path(__file__).parents[1] / "programs" / "interleave.py"
FAILS = Outcome(status="failed", cause=Cause(reason="eels", log=None, tail=()), wall_s=1.0)
STOPS = Outcome(status="interrupted", cause=Cause(reason="rsbench received SIGINT", log=None, tail=()), wall_s=1.0)


def compare(rsbench: Call, *options: object) -> Result:
    return rsbench("compare", "--compressor", "none", "--compressor", "topk:density=0.1", *options)


def record(name: str) -> Path:
    [path] = OUT.glob(f"cells/*{name}*/record.json")
    return path


def test_a_cell_that_another_process_has_run_meanwhile_is_not_run_again(rsbench: Call, launcher: Any) -> None:
    inner: list[Result] = []

    def other() -> None:
        if not inner:
            inner.append(Result)  # type: ignore[arg-type]
            inner[0] = rsbench("compare", "--compressor", "topk:density=0.1")

    launcher.after = other
    result = compare(rsbench)
    assert (result.exit_code, inner[0].exit_code) == (0, 0), result.output
    assert launcher.ran == ["none", "topk"]
    assert "another rsbench has run it meanwhile, test OA 90.0 %" in result.output
    assert "All 2 cells are done; another rsbench ran 1 of them." in result.output


def test_a_cell_whose_other_process_fails_is_told_and_not_tried_again(
    rsbench: Call, launcher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher.fails["topk"] = FAILS
    compare(rsbench)
    failed = record("topk").read_text()
    lock = FileLock(record("topk").with_name(".lock"))
    lock.acquire()

    def other_ends(_: float) -> None:
        record("topk").write_text(failed.replace("eels", "snakes"))
        lock.release()

    monkeypatch.setattr("rsbench.run.runner.time.sleep", other_ends)
    result = compare(rsbench)
    assert result.exit_code == 1
    assert launcher.ran == ["none", "topk"]
    assert "FAILED: snakes (another rsbench ran it)" in result.output


@pytest.mark.parametrize(("outcome", "word"), [(FAILS, "failed"), (STOPS, "Stopped")])
def test_numbers_stay_when_running_again_gives_none(rsbench: Call, launcher: Any, outcome: Outcome, word: str) -> None:
    compare(rsbench)
    before = record("topk").read_bytes()
    launcher.fails["topk"] = outcome
    if outcome is STOPS:
        launcher.after = lambda: launcher.ran[-1] == "topk" and os.kill(os.getpid(), signal.SIGINT)
    result = compare(rsbench, "--rerun")
    assert record("topk").read_bytes() == before
    assert "The numbers of the earlier run stay as they are." in result.output
    if outcome is FAILS:
        assert result.exit_code == 1
        assert "1 of 2 cells failed; 1 keep their earlier numbers." in result.output
        assert record("topk").parent.joinpath("failed", "record.json").is_file()
    else:
        assert result.exit_code == 130
        assert "Stopped: 1 of 2 cells have run again; 1 keep their earlier numbers." in result.output
    launcher.ran.clear()
    assert compare(rsbench).exit_code == 0 and launcher.ran == []


def test_the_old_record_is_readable_while_its_cell_runs_again(rsbench: Call, launcher: Any) -> None:
    compare(rsbench)
    seen: list[str] = []
    launcher.after = lambda: seen.append(json.loads(record("none").read_text())["status"])
    assert compare(rsbench, "--rerun").exit_code == 0
    assert seen == ["done", "done"]


def test_a_signal_after_the_last_cell_leaves_nothing_undone(rsbench: Call, launcher: Any) -> None:
    launcher.after = lambda: launcher.ran[-1] == "topk" and os.kill(os.getpid(), signal.SIGINT)
    result = compare(rsbench)
    assert result.exit_code == 0 and "Stopped" not in result.output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_report_is_made_says_so(
    rsbench: Call, launcher: Any, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    launcher.fails["topk"] = STOPS
    launcher.after = lambda: launcher.ran[-1] == "topk" and os.kill(os.getpid(), signal.SIGINT)
    monkeypatch.setattr("rsbench.reports.write_report", lambda *_, **__: os.kill(os.getpid(), number))
    result = compare(rsbench)
    assert result.exit_code == 128 + number
    assert "before any cell" not in result.output
    assert "Stopped while the report was made" in result.output
    assert "`rsbench report rsbench-results` makes it anew" in result.output
    assert "Stopped: 1 of 2 cells are done. The same command runs the other 1." in result.output


def test_a_lock_that_cannot_be_opened_fails_its_cell_alone(rsbench: Call, launcher: Any) -> None:
    compare(rsbench)
    lock = record("none").with_name(".lock")
    record("none").unlink()
    lock.unlink()
    lock.mkdir()
    record("topk").unlink()
    result = compare(rsbench)
    assert result.exit_code == 1, result.output
    assert launcher.ran == ["none", "topk", "topk"]
    assert "FAILED: Cannot write results to rsbench-results/cells/" in result.output
    assert "1 of 2 cells failed" in result.output


def test_results_that_are_removed_meanwhile_are_named(rsbench: Call, launcher: Any) -> None:
    launcher.fails["topk"] = FAILS
    launcher.after = lambda: launcher.ran[-1] == "topk" and shutil.rmtree(OUT)
    result = compare(rsbench)
    assert result.exit_code == 1
    assert "FAILED: rsbench-results was removed while the cell ran, and its results with it" in result.output
    assert "1 of 2 cells were done and have no record in rsbench-results any more" in result.output


def test_no_link_in_a_folder_of_somebody_else_is_followed(rsbench: Call, launcher: Any, tmp_path: Path) -> None:
    compare(rsbench)
    target = tmp_path / "mine"
    target.mkdir()
    (target / "thesis.tex").write_text("years of work")
    record("topk").with_name("tensorboard").symlink_to(target)
    assert compare(rsbench, "--rerun").exit_code == 0
    assert (target / "thesis.tex").read_text() == "years of work"
    (OUT / "cells").rename(tmp_path / "cells")
    (OUT / "cells").symlink_to(tmp_path / "cells")
    result = compare(rsbench, "--rerun")
    assert result.exit_code == 2
    assert "rsbench-results/cells is a link, and nothing is written through links in a result folder" in result.output


def test_ctrl_c_in_another_command_speaks_of_no_cells(rsbench: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("rsbench.cli.report.read_records", stop)
    before = signal.getsignal(signal.SIGINT)
    result = rsbench("report", ".")
    signal.signal(signal.SIGINT, before)
    assert (result.exit_code, result.stderr) == (130, "Stopped.\n")


def interleaved(first: int, last: int, cache: Path) -> dict[str, Any]:
    environment = {**os.environ, "RSBENCH_CACHE": str(cache)}
    command = [sys.executable, str(INTERLEAVE), str(first), str(last)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    counts: dict[str, Any] = json.loads(done.stdout)
    print(counts)
    return counts


def check(counts: dict[str, Any]) -> None:
    assert {kind: counts[kind] for kind in ("lost", "twice", "false", "torn")} == {
        **{"lost": [], "twice": [], "false": [], "torn": []}
    }


def test_commands_and_signals_at_random_lose_nothing(tmp_path: Path) -> None:
    counts = interleaved(0, 2, tmp_path)
    check(counts)
    assert counts["cells begun"] >= 3 * 3


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_two_hundred_schedules_of_commands_and_signals_lose_nothing(tmp_path: Path) -> None:
    counts = interleaved(1000, 1199, tmp_path)
    check(counts)
    assert counts["schedules"] == 200
    assert counts["cells waited for"] > 0 and counts["cells left to another"] > 0 and counts["exit -9"] > 0
