"""``--deterministic/--fast``: on GPUs two kinds of cells, on CPUs one."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from rsbench.cell import CellSpec

Call = Callable[..., Result]
ONE = ("compare", "--compressor", "none")
NOTE = "Note: --fast changes nothing on CPUs: these are the cells of --deterministic, with their keys."


@pytest.fixture
def one_gpu(launcher: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The launcher that trains nothing, on a machine with one GPU."""
    monkeypatch.setattr("rsbench.planning.probe.gpu_count", lambda: 1)
    return launcher


def cells() -> list[dict[str, Any]]:
    """The cells of all records, those that are not deterministic last."""
    paths = Path("rsbench-results").rglob("record.json")
    return sorted((json.loads(path.read_text())["cell"] for path in paths), key=len)


def test_a_fast_cell_runs_beside_the_deterministic_one_and_neither_takes_the_others_place(
    rsbench: Call, one_gpu: Any
) -> None:
    assert rsbench(*ONE, "--deterministic").exit_code == 0
    fast = rsbench(*ONE, "--fast")
    assert fast.exit_code == 0 and "already done" not in fast.output
    assert one_gpu.ran == ["none", "none"]
    for words in ((), ("--deterministic",), ("--fast",)):
        assert "1 of 1 cells are already done." in rsbench(*ONE, *words).output
    assert one_gpu.ran == ["none", "none"], "nothing runs a second time"
    usual, other = cells()
    assert "deterministic" not in usual and other == {**usual, "deterministic": False}
    assert CellSpec.from_dict(usual).key != CellSpec.from_dict(other).key


def test_a_report_keeps_both_kinds_apart_and_tells_them(rsbench: Call, one_gpu: Any) -> None:
    rsbench(*ONE)
    rsbench(*ONE, "--fast")
    output = " ".join(rsbench("report", "rsbench-results").output.split())
    assert "1 worker on cuda, fast" in output
    assert output.count("Fast cells: cuDNN takes the kernels that were fastest in a trial") == 1
    with Path("rsbench-results/cells.csv").open(encoding="utf-8") as file:
        assert sorted(row["deterministic"] for row in csv.DictReader(file)) == ["False", "True"]


def test_a_plan_sets_it_and_the_command_line_wins(rsbench: Call, one_gpu: Any) -> None:
    Path("plan.toml").write_text('compressor = ["none"]\ndeterministic = false\n')
    assert rsbench("compare", "--plan", "plan.toml").exit_code == 0
    assert rsbench("compare", "--plan", "plan.toml", "--deterministic").exit_code == 0
    assert [cell.get("deterministic") for cell in cells()] == [None, False]


def test_a_plan_may_compare_both_and_tuning_rows_name_what_differs(rsbench: Call, one_gpu: Any) -> None:
    grids = "[[grid]]\ndeterministic = true\n[[grid]]\ndeterministic = false\n"
    Path("plan.toml").write_text(f'compressor = ["none"]\nlr = [0.1]\nseeds = "1"\ntuning-seed = 0\n{grids}')
    result = rsbench("compare", "--plan", "plan.toml")
    assert result.exit_code == 0, result.output
    assert len(cells()) == 4
    assert "synthetic smallvgg none deterministic False: learning rate 0.1" in result.output


def test_a_dry_run_says_which_cells_are_fast(rsbench: Call, one_gpu: Any) -> None:
    output = " ".join(rsbench(*ONE, "--fast", "--dry-run").output.split())
    assert "1 cuda, fast" in output
    assert "Fast: cuDNN takes the kernels that were fastest in a trial, and sums come in any order" in output
    assert "fast" not in rsbench(*ONE, "--dry-run").output.lower()


def test_a_dry_run_takes_times_from_cells_of_the_same_kind_only(rsbench: Call, one_gpu: Any) -> None:
    rsbench(*ONE)
    other_seed = (*ONE, "--seeds", "1", "--dry-run")
    assert "from operations alone" not in " ".join(rsbench(*other_seed).output.split())
    assert "from operations alone" in " ".join(rsbench(*other_seed, "--fast").output.split())


def test_on_cpus_it_changes_nothing_and_a_note_says_so(rsbench: Call, launcher: Any) -> None:
    assert NOTE not in rsbench(*ONE).output
    again = rsbench(*ONE, "--fast")
    assert again.exit_code == 0 and NOTE in again.output
    assert "1 of 1 cells are already done." in again.output
    assert launcher.ran == ["none"]


def test_help_says_what_each_is_for(rsbench: Call) -> None:
    for command in ("compare", "run"):
        text = " ".join(rsbench(command, "--help").output.split())
        assert "--deterministic / --fast" in text and "[default: deterministic]" in text
        assert "GPU algorithms: equal bit for bit in every repeat, or the fastest." in text
