"""``rsbench compare`` with a launcher that trains nothing: what runs, what is said, what is recorded, exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from rsbench.launch.failure import Cause
from rsbench.launch.launcher import Outcome

Call = Callable[..., Result]


def records(out: Path = Path("rsbench-results")) -> dict[str, dict[str, Any]]:
    found = [json.loads(path.read_text()) for path in out.glob("cells/*/record.json")]
    return {record["cell"]["compressor"]: record for record in found}


def test_default_grid_runs_reports_and_is_recognised(rsbench: Call, launcher: Any) -> None:
    first = rsbench("compare")
    assert first.exit_code == 0, first.output
    assert launcher.ran == ["none", "topk", "dgc", "rsdgc"]
    assert "4 cells: synthetic, smallvgg, lr 0.05, seed 0, 2 workers" in first.stderr
    assert "[4/4] rsdgc 50x: done" in first.stderr and "[4/4]" not in first.stdout
    assert Path("rsbench-results/report.md").is_file()
    began = time.monotonic()
    again = rsbench("compare")
    assert again.exit_code == 0
    assert "4 of 4 cells are already done." in again.output
    assert "rsdgc 50x" in again.stdout  # the table is shown again
    assert len(launcher.ran) == 4
    assert time.monotonic() - began < 5
    rsbench("compare", "--rerun")
    assert len(launcher.ran) == 8


def test_job_holds_what_a_worker_needs(rsbench: Call, launcher: Any) -> None:
    rsbench("compare", "--compressor", "topk", "--ratio", 50, "--lr", 0.2, "--seeds", 3, "--max-steps", 5)
    (job,) = [json.loads(path.read_text()) for path in Path("rsbench-results").glob("cells/*/job.json")]
    assert job["cell"]["ratio"] == 50 and job["cell"]["lr"] == 0.2 and job["cell"]["seed"] == 3
    assert job["compressor"].startswith("topk:density=")
    assert job["steps_per_epoch"] > 0 and Path(job["data"]).is_dir()
    assert job["provenance"]["rsbench"]


def test_failed_cell_is_recorded_and_the_grid_goes_on(rsbench: Call, launcher: Any) -> None:
    cause = Cause(reason="rank 1 raised ValueError: eels", log=Path("rank1.log"), tail=("  line 7", "ValueError: eels"))
    launcher.fails["topk"] = Outcome(status="failed", cause=cause, wall_s=1.0)
    result = rsbench("compare")
    assert result.exit_code == 1
    assert launcher.ran == ["none", "topk", "dgc", "rsdgc"]
    for words in ("FAILED: rank 1 raised ValueError: eels", "  line 7", "log: rank1.log", "1 of 4 cells failed"):
        assert words in result.output
    assert {name: record["status"] for name, record in records().items()} == {
        **{"none": "done", "topk": "failed", "dgc": "done", "rsdgc": "done"}
    }
    assert records()["topk"]["reason"] == "rank 1 raised ValueError: eels"
    launcher.fails.clear()
    launcher.ran.clear()
    again = rsbench("compare")
    assert again.exit_code == 0 and launcher.ran == ["topk"]
    assert "3 of 4 cells are already done; 1 to run." in again.output


def test_workers_that_end_without_a_record_have_failed(rsbench: Call, launcher: Any) -> None:
    launcher.fails["topk"] = Outcome(status="done", wall_s=1.0)
    assert rsbench("compare", "--compressor", "topk").exit_code == 1
    assert "none wrote a record" in records()["topk"]["reason"]


def test_ctrl_c_records_the_cell_and_says_how_to_go_on(rsbench: Call, launcher: Any) -> None:
    cause = Cause(reason="rsbench received SIGINT", log=None, tail=())
    launcher.fails["topk"] = Outcome(status="interrupted", cause=cause, wall_s=1.0)
    launcher.after = lambda: launcher.ran[-1] == "topk" and os.kill(os.getpid(), signal.SIGINT)
    result = rsbench("compare")
    assert result.exit_code == 130
    assert launcher.ran == ["none", "topk"]
    assert "Stopped: 1 of 4 cells are done. The same command runs the other 3." in result.output
    assert records()["topk"]["status"] == "interrupted"


def test_dry_run_launches_and_writes_nothing(rsbench: Call, launcher: Any) -> None:
    result = rsbench("compare", "--dry-run", "--ratio", 10, "--ratio", 50)
    assert result.exit_code == 0
    assert "7 cells to run, 0 already done.\nNothing was launched." in result.output
    assert "topk:density=" not in result.output and "4.51 MB" in result.stdout
    assert "topk:density=" in rsbench("compare", "--dry-run", "--ratio", 10, "--verbose").stdout
    assert launcher.ran == [] and not Path("rsbench-results").exists()
    one = rsbench("compare", "--dry-run", "--compressor", "none").output
    assert one.startswith("1 cell, ") and "\n1 cell to run, 0 already done." in one


def test_a_dry_run_marks_what_will_not_be_sent_as_asked(rsbench: Call, launcher: Any) -> None:
    coarse = ("--compressor", "blocktopk:neighborhood=tile,p=64", "--ratio", 11)
    output = rsbench("compare", "--dry-run", *coarse, "--max-steps", 1).output
    assert "10.9x [1]" in output
    assert "blocktopk:neighborhood=tile,p=64 11x on smallvgg: asked and sent ratio differ by -1.2 %" in output
    assert "asked and sent" not in rsbench("compare", "--dry-run", *coarse).output


def test_a_ratio_that_a_ceiling_forbids_starts_nothing(rsbench: Call, launcher: Any) -> None:
    result = rsbench("compare", "--compressor", "rsdgc:ceiling=0.01", "--ratio", 10)
    assert result.exit_code == 2
    assert "with every layer at its ceiling of 0.01 it is at 91.33x; ask for at least --ratio 92" in result.output
    assert launcher.ran == []


def test_plan_file_and_command_line(rsbench: Call, launcher: Any) -> None:
    Path("plan.toml").write_text('compressor = ["none", "topk"]\nratio = 20\nlr = [0.1, 0.2]\ngpus = 4\n')
    result = rsbench("compare", "--plan", "plan.toml", "--lr", 0.3, "--workers", 2, "--device", "cpu")
    assert result.exit_code == 0, result.output
    assert {(record["cell"]["lr"], record["cell"]["ratio"]) for record in records().values()} == {
        (0.3, None),
        (0.3, 20),
    }
    assert {record["cell"]["device"] for record in records().values()} == {"cpu"}


def test_density_on_the_command_line_wins_over_a_planned_ratio(rsbench: Call, launcher: Any) -> None:
    Path("plan.toml").write_text('compressor = "topk"\nratio = 20\n')
    result = rsbench("compare", "--plan", "plan.toml", "--density", 0.02)
    assert result.exit_code == 0, result.output
    assert list(records()) == ["topk:density=0.02"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--gpus", 4], "--workers 4 --device cpu"),
        (["--gpus", 4, "--dataset", "nwpu45"], "--workers 4 --device cpu"),  # devices come before data
        (["--gpus", 1, "--workers", 2], "--gpus excludes --workers and --device"),
        (["--ratio", 10, "--density", 0.1], "--ratio excludes --density"),
        (["--compressor", "rsdcg"], 'Did you mean "rsdgc"'),
        (["--compressor", "topk:densty=1"], 'Did you mean "density"'),
        (["--dataset", "ucm22"], 'Did you mean "ucm21"'),
        (["--model", "smalvgg"], 'Did you mean "smallvgg"'),
        (["--ratio", 0], "ratio is 0"),
        (["--ratio", -5], "ratio is -5"),
        (["--ratio", 1000000], "ratio"),
        (["--density", 2], "out of range"),
        (["--split", "80/30"], "sum to 100"),
        (["--workers", 5000], "5000 workers"),
        (["--dataset", "ucm21"], "rsbench data fetch ucm21"),
        (["--seeds", "a"], "--seeds 0,1,2"),
        (["--timeout", "soon"], "90s, 30m or 2h"),
        (["--nnodes", 2], "--rdzv-endpoint HOST:PORT"),
        (["--nnodes", 2, "--node-rank", 2], "it is 0 to 1"),
        (["--plan", "missing.toml"], "missing.toml cannot be read"),
    ],
)
def test_mistakes_end_with_one_sentence_and_exit_2(
    rsbench: Call, launcher: Any, arguments: list[object], words: str
) -> None:
    result = rsbench("compare", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert "Traceback" not in result.output and launcher.ran == []
    assert not Path("rsbench-results").exists()


def test_result_folder_that_is_a_file(rsbench: Call, launcher: Any) -> None:
    Path("taken").write_text("")
    result = rsbench("compare", "--out", "taken")
    assert result.exit_code == 2 and "choose another folder with --out" in result.stderr
    assert launcher.ran == []


def test_under_torchrun_compare_names_run(rsbench: Call, launcher: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "2")
    result = rsbench("compare")
    assert result.exit_code == 2 and "rsbench run" in result.stderr


def test_run_is_one_cell(rsbench: Call, launcher: Any) -> None:
    result = rsbench("run", "--compressor", "topk", "--ratio", 50, "--seed", 2)
    assert result.exit_code == 0, result.output
    assert launcher.ran == ["topk"] and records()["topk"]["cell"]["seed"] == 2


def test_report_and_lists(rsbench: Call, launcher: Any) -> None:
    assert rsbench("report").exit_code == 2
    rsbench("compare")
    result = rsbench("report", "--format", "md", "--out", "elsewhere")
    assert result.exit_code == 0 and [path.name for path in Path("elsewhere").iterdir()] == ["report.md"]
    assert 'Did you mean "md"' in rsbench("report", "--format", "mdx").stderr
    runs = rsbench("list", "runs", "-v")
    assert "4 of 4 cells in rsbench-results are done." in runs.output
    assert "policy=lamp" in rsbench("list", "compressors", "-v").output
    listed = " ".join(rsbench("list", "models", "-v").output.split())
    assert "vgg19 The learning rate is 0.01 at most by default" in listed
    assert "after FedFusion; options rank=1 to 64 or full, join=both|cat|add" in listed


def test_report_compares_two_folders(rsbench: Call, launcher: Any) -> None:
    rsbench("compare", "--out", "before", "--compressor", "none", "--compressor", "topk")
    rsbench("compare", "--out", "after", "--compressor", "none", "--compressor", "dgc")
    shown = rsbench("report", "--compare", "before", "after")
    assert shown.exit_code == 0, shown.output
    for words in ("Finished in A only: topk 50x.", "Finished in B only: dgc 50x.", "Payload is the same."):
        assert words in shown.output
    assert "Written" not in shown.output
    written = rsbench("report", "--compare", "before", "after", "--out", "changes", "--format", "csv,tex,json")
    assert written.exit_code == 0
    found = {path.name for path in Path("changes").iterdir()}
    assert found == {"changes.csv", "cells.csv", "report.tex", "report.bib", "tables", "report.json"}
    assert "Written: changes/tables" in written.output
    assert rsbench("report", "--compare", "before", "nowhere").exit_code == 2
    assert "excludes DIR" in rsbench("report", "before", "--compare", "before", "after").stderr


def test_hand_edited_record_runs_again_and_is_named(rsbench: Call, launcher: Any) -> None:
    rsbench("compare", "--compressor", "none", "--compressor", "topk")
    (path,) = Path("rsbench-results").glob("cells/*topk*/record.json")
    path.write_text("{ my notes")
    assert rsbench("report").exit_code == 0
    assert "record.json" in rsbench("report").output
    launcher.ran.clear()
    assert rsbench("compare", "--compressor", "none", "--compressor", "topk").exit_code == 0
    assert launcher.ran == ["topk"]


def test_unknown_command_option_and_help(rsbench: Call) -> None:
    assert rsbench("compare", "--ratios", 3).exit_code == 2
    for command in (["compare"], ["run"], ["report"], ["list"], ["data", "fetch"], ["data", "check"]):
        text = rsbench(*command, "--help").output
        assert "Example" in text and "\\b" not in text


def test_help_imports_nothing_heavy() -> None:
    code = "import sys, rsbench.cli.main; print([m for m in ('torch', 'numpy', 'pandas', 'rich') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_compare_names_all_data_sets_that_are_missing_and_those_that_are_there(rsbench: Call, launcher: Any) -> None:
    result = rsbench("compare", "--dataset", "trento", "--dataset", "synthetic", "--dataset", "berlin")
    assert result.exit_code == 2
    assert '"trento"' in result.output and "Also not found: berlin." in result.output
    assert "To run what is there alone: --dataset synthetic." in result.output


def test_dry_run_numbers_its_cells(rsbench: Call, launcher: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = rsbench("compare", "--dry-run", "--verbose", "--workers", 2).output.splitlines()
    heads = [line for line in lines if line.startswith("cell ")]
    assert len(heads) > 1, "the table is cut"
    assert sum(line.split()[:1] == ["4"] and "cells" not in line for line in lines) == len(heads)


def test_run_refuses_several_world_sizes(rsbench: Call, launcher: Any) -> None:
    result = rsbench("run", "--workers", 1, "--workers", 2)
    assert result.exit_code == 2
    assert "run takes one value, not 2; rsbench compare takes several" in result.output
    assert not launcher.ran
