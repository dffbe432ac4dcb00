"""Results on standard output, all else on standard error; one JSON document where it is asked for."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from rsbench.launch.failure import Cause
from rsbench.launch.launcher import Outcome

Call = Callable[..., Result]
TWO = ("compare", "--compressor", "none", "--compressor", "topk", "--lr", "0.1")
STOPPED = Outcome(
    status="interrupted",
    cause=Cause(reason="rsbench received SIGINT", log=None, tail=(), by_user=True),
    wall_s=1.0,
)


def stop_at(monkeypatch: pytest.MonkeyPatch, launcher: Any, cells: int) -> None:
    """Let a Ctrl-C come while a cell runs, the first being 1."""

    def after() -> None:
        if len(launcher.ran) == cells:
            launcher.fails["topk" if cells > 1 else "none"] = STOPPED
            signal.raise_signal(signal.SIGINT)

    launcher.after = after


def test_tables_and_files_are_results_and_progress_is_not(rsbench: Call, launcher: Any, no_torch: None) -> None:
    result = rsbench(*TWO)
    assert "Comparison" in result.stdout and "[1/2]" not in result.stdout and "2 cells:" not in result.stdout
    assert result.stderr.splitlines()[0] == "2 cells: synthetic, smallvgg, lr 0.1, seed 0, 2 workers"
    assert "[2/2] topk 50x: done in 0 s" in result.stderr and "Comparison" not in result.stderr


def test_quiet_leaves_results_and_errors(rsbench: Call, launcher: Any, no_torch: None) -> None:
    launcher.fails["topk"] = Outcome(status="failed", cause=Cause(reason="boom", log=None, tail=("line",)), wall_s=1.0)
    result = rsbench(*TWO, "--quiet")
    assert result.exit_code == 1 and "Comparison" in result.stdout
    assert "[1/2]" not in result.stderr and "boom" in result.stderr
    assert rsbench(*TWO, "-q", "--ratio", "0").stderr.startswith("Error: ratio is 0")


def test_json_is_all_that_is_on_standard_output(rsbench: Call, launcher: Any, no_torch: None) -> None:
    launcher.fails["topk"] = Outcome(status="failed", cause=Cause(reason="boom", log=None, tail=()), wall_s=1.0)
    result = rsbench(*TWO, "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == told["exit_code"] == 1
    assert (told["cells_total"], told["cells_done"]) == (2, 1)
    done, failed = sorted(told["cells"], key=lambda cell: cell["status"])
    assert done["status"] == "done" and done["compressor"] == "none" and done["test_oa"] == pytest.approx(0.9)
    assert done["payload_bytes_total"] > 0 and done["wall_s"] is not None
    assert Path(done["folder"], "record.json").is_file()
    assert (failed["status"], failed["reason"]) == ("failed", "boom")
    assert told["conclusions"] and "1 of 2 cells failed" in told["notes"][0]
    assert told["rsbench"] and "[1/2] none" in result.stderr


def test_one_document_after_an_interruption_too(
    rsbench: Call, launcher: Any, no_torch: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_at(monkeypatch, launcher, 1)
    result = rsbench(*TWO, "--json", "--quiet")
    told = json.loads(result.stdout)
    assert result.exit_code == told["exit_code"] == 130
    assert [cell["status"] for cell in told["cells"]] == ["interrupted", "not_run"]
    assert told["cells"][1]["compressor"] == "topk" and told["cells"][1]["folder"] is None
    assert result.stderr == "Stopped: 0 of 2 cells are done. The same command runs the other 2.\n"


def test_a_stop_after_one_method_shows_no_table(
    rsbench: Call, launcher: Any, no_torch: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_at(monkeypatch, launcher, 2)
    result = rsbench(*TWO)
    assert result.exit_code == 130
    assert result.stdout == "Done: none: test OA 90.0 %, 1 s\n"
    assert result.stderr.endswith("Stopped: 1 of 2 cells are done. The same command runs the other 1.\n")


def test_a_dry_run_has_its_costs_in_json(rsbench: Call, launcher: Any, no_torch: None) -> None:
    told = json.loads(rsbench(*TWO, "--seeds", "0,1,2", "--dry-run", "--json").stdout)
    assert (told["cells_to_run"], told["cells_done"], told["gpu_hours"]) == (6, 0, 0)
    none, topk = told["methods"]
    assert (none["cells"], topk["cells"], topk["ratio"]) == (3, 3, 50)
    assert told["payload_bytes"] == none["payload_bytes"] + topk["payload_bytes"]
    assert sum(cell["payload_bytes"] for cell in told["cells"]) == told["payload_bytes"]
    assert told["time_s"] == pytest.approx(sum(cell["time_s"] for cell in told["cells"]))


def test_run_has_the_same_options(rsbench: Call, launcher: Any, no_torch: None) -> None:
    result = rsbench("run", "--compressor", "none", "--json", "-q")
    assert [cell["status"] for cell in json.loads(result.stdout)["cells"]] == ["done"] and result.stderr == ""
