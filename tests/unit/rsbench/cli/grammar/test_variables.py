"""Environment variables: called as the option, below the command line, above a plan, named in errors and records."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from rsbench.cli.environment import environment_problems
from rsbench.cli.grammar import variables
from rsbench.cli.main import main
from rsbench.cli.request import command_line, read_compare_options, request_from
from rsbench.planning.request import Request

RESERVED = {"RSBENCH_CACHE", "RSBENCH_TOKEN", "RSBENCH_LEASE_S", "RSBENCH_GIT_SHA", "RSBENCH_UPDATE_GOLDEN"}


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("RSBENCH_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr("sys.argv", ["/bin/rsbench", "compare", "--dry-run"])


def context(*words: str, command: str = "compare") -> click.Context:
    above = main.context_class(main, info_name="rsbench")
    return main.commands[command].make_context(command, list(words), parent=above)


def asked(*words: str) -> Request:
    ctx = context(*words)
    return request_from(ctx, ctx.params)


def call(*words: str, **environment: str) -> Result:
    return CliRunner().invoke(main, words, env=environment, prog_name="rsbench")


def test_each_option_has_a_variable_of_its_own_and_none_is_another_meaning() -> None:
    names: list[str] = []
    for command in ("compare", "run", "bench", "report", "scale", "list", "doctor"):
        ctx = main.commands[command].context_class(main.commands[command], info_name=command)
        ctx.parent = main.context_class(main, info_name="rsbench")
        names += [variables.variable_name(ctx, option) for option in variables.options_of(ctx.command)]
    assert {"RSBENCH_COMPARE_DATA_ROOT", "RSBENCH_REPORT_FORMAT", "RSBENCH_SCALE_LINK"} <= set(names)
    assert len(names) == len(set(names))
    assert not set(names) & RESERVED


def test_a_variable_sets_a_list_a_number_a_flag_and_a_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"COMPRESSOR": "none,rsdgc:alpha=0.5,warmup=exp", "RATIO": "50, 500", "SEEDS": "0-2", "EPOCHS": "3"}
    said |= {"RERUN": "1", "DETERMINISTIC": "false", "WORKERS": "2,4", "MAX_STEPS": ""}
    for name, value in said.items():
        monkeypatch.setenv(f"RSBENCH_COMPARE_{name}", value)
    request = asked()
    (grid,) = request.grids
    assert grid.compressors == ("none", "rsdgc:alpha=0.5,warmup=exp")
    assert (grid.ratios, grid.seeds, grid.epochs) == ((50.0, 500.0), (0, 1, 2), 3)
    assert (request.rerun, grid.recipe.deterministic, grid.devices.workers) == (True, False, (2, 4))
    assert grid.recipe.max_steps is None


def test_the_command_line_wins_over_variables_and_these_over_a_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text('dataset = ["ucm21"]\nepochs = 9\n[[grid]]\nratio = [7]\nlr = 0.5\n')
    monkeypatch.setenv("RSBENCH_COMPARE_PLAN", str(plan))
    monkeypatch.setenv("RSBENCH_COMPARE_RATIO", "50")
    monkeypatch.setenv("RSBENCH_COMPARE_EPOCHS", "3")
    (grid,) = asked("--epochs", "1").grids
    assert (grid.datasets, grid.epochs, grid.ratios, grid.lrs) == (("ucm21",), 1, (50.0,), (0.5,))


def test_the_data_root_of_all_commands_has_one_variable_and_that_of_a_command_wins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RSBENCH_DATA_ROOT", "/all")
    assert asked().data_root == Path("/all")
    monkeypatch.setenv("RSBENCH_COMPARE_DATA_ROOT", "/own")
    assert asked().data_root == Path("/own")
    assert context(command="doctor").params["data_root"] == Path("/all")


def test_the_recorded_command_says_which_variables_it_used(monkeypatch: pytest.MonkeyPatch) -> None:
    assert command_line(context()) == ["rsbench", "compare", "--dry-run"]
    monkeypatch.setenv("RSBENCH_COMPARE_RATIO", "50")
    monkeypatch.setenv("RSBENCH_COMPARE_LR", "0.1")
    recorded = list(asked("--lr", "0.2").argv)
    assert recorded == ["env", "RSBENCH_COMPARE_RATIO=50", "rsbench", "compare", "--dry-run"]
    monkeypatch.setattr(sys, "argv", ["/lib/rsbench/__main__.py", "compare"])
    assert command_line(context())[3:] == ["python", "-m", "rsbench", "compare"]


def test_a_job_of_a_cluster_gets_them_as_options(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"RATIO": "10,100", "BF16": "yes", "DETERMINISTIC": "no", "LR": "0.1"}.items():
        monkeypatch.setenv(f"RSBENCH_COMPARE_{name}", value)
    request, given, words = read_compare_options(context(command="slurm"), ["--lr", "0.2"], nodes=1, taken={})
    assert words == ["--ratio", "10,100", "--bf16", "--fast"]
    assert (request.grids[0].ratios, given["lr"]) == ((10.0, 100.0), (0.2,))


@pytest.mark.parametrize(
    ("words", "environment", "sentence"),
    [
        (["compare"], {"RSBENCH_COMPARE_RATIO": "10,x"}, "item 2 of 2: 'x' is not a number, from the environment"),
        (["compare"], {"RSBENCH_COMPARE_RATIO": "x"}, "variable RSBENCH_COMPARE_RATIO."),
        (["compare"], {"RSBENCH_COMPARE_BF16": "perhaps"}, "variable RSBENCH_COMPARE_BF16."),
        (["compare"], {"RSBENCH_COMPARE_JSON": "yess"}, "'yess' is neither yes nor no: give 1 or 0, from"),
        (["compare"], {"RSBENCH_COMPARE_PLAN_SIZE": "small"}, "variable RSBENCH_COMPARE_PLAN_SIZE."),
        (["run"], {"RSBENCH_RUN_RATIO": "1,2"}, "variable RSBENCH_RUN_RATIO."),
        (["report"], {"RSBENCH_REPORT_FORMAT": "md,,csv"}, "variable RSBENCH_REPORT_FORMAT."),
    ],
)
def test_an_error_names_the_variable(words: list[str], environment: dict[str, str], sentence: str) -> None:
    done = call(*words, **environment)
    assert (done.exit_code, sentence in done.stderr) == (2, True), done.stderr


def test_what_the_environment_changes_is_said_on_standard_error_and_misspelt_names_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said: dict[str, Any] = {"RSBENCH_REPORT_AGAINST": "dgc 100x", "RSBENCH_REPORT_FROMAT": "md", "RSBENCH_OWN": "1"}
    done = call("report", str(tmp_path), **said)
    assert "From the environment: RSBENCH_REPORT_AGAINST=dgc 100x\n" in done.stderr
    warning = "Warning: The environment variable RSBENCH_REPORT_FROMAT sets no option of rsbench report."
    assert f"{warning} Did you mean RSBENCH_REPORT_FORMAT?\n" in done.stderr
    assert "Warning: The environment variable RSBENCH_OWN sets nothing.\n" in done.stderr
    meant = call("report", str(tmp_path), RSBENCH_AGAINST="x", RSBENCH_CACHE="/tmp").stderr
    assert "RSBENCH_AGAINST sets nothing. Did you mean RSBENCH_REPORT_AGAINST?\n" in meant and "CACHE" not in meant
    assert done.stdout == ""


def test_help_and_version_have_none_and_other_meanings_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {"RSBENCH_HELP": "1", "RSBENCH_VERSION": "2", "RSBENCH_COMPARE_HELP": "1", "RSBENCH_CACHE": "/tmp"}
    done = call("compare", "--ratio", "0.5", **names)
    assert (done.exit_code, "Usage" in done.output) == (2, False)
    assert "ratio is 0.5" in done.stderr
    assert environment_problems(names) == []
