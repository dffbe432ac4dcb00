"""Commands of README, pages and help texts are run: those that need no data, with a launcher that trains nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import click
import documents
import pytest
from click.testing import Result
from documents import Shown

from rsbench.cli.main import main

Call = Callable[..., Result]

LISTS = ("--help", "list")
FILES = ("slurm", "k8s")
NEED_MORE = {
    "--data-root": "data",
    "--dataset": "data",
    "--plan": "data",
    "--link": "root and iproute2",
    "--nnodes": "other machines",
    "--node-rank": "other machines",
    "--gpus": "GPUs",
    "--device": "GPUs",
    "--submit": "Slurm",
    "--trace": "workers",
    "my_package.nets:make": "a network of the reader",
    "nets:make": "a network of the reader",
}
"""Word -> what a command with it needs beside rsbench; the other tests of this folder run such commands."""


def without_needs(*commands: str) -> list[Shown]:
    """Return commands that need nothing, each once."""
    shown = [one for one in documents.shown_commands() if one.words[0] in commands and not one.reason]
    chosen = [one for one in shown if not one.is_a_name and not NEED_MORE.keys() & set(one.words)]
    return list({one.words: one for one in chosen}.values())


def run_all(rsbench: Call, shown: list[Shown]) -> None:
    """Run commands; fail with all that did not end well."""
    done = [(one, rsbench(*one.words)) for one in shown]
    wrong = [f"{one.text}\n{result.output[-400:]}" for one, result in done if result.exit_code != 0]
    assert not wrong, "\n".join(wrong)


def test_lists_are_printed(rsbench: Call, no_torch: None) -> None:
    for folder in ("rsbench-results", "DIR"):
        Path(folder).mkdir()
    shown = without_needs(*LISTS)
    assert len(shown) >= 5
    run_all(rsbench, shown)


def test_files_for_clusters_are_written(rsbench: Call, no_torch: None) -> None:
    shown = without_needs(*FILES)
    assert len(shown) >= 1
    run_all(rsbench, shown)


def test_comparisons_without_data_end_well(rsbench: Call, no_torch: None) -> None:
    shown = [one for one in without_needs("compare") if len(one.words) > 1]
    assert len(shown) >= 5
    for one in shown:
        shutil.rmtree("rsbench-results", ignore_errors=True)
        run_all(rsbench, [one])


@pytest.mark.parametrize("command", ["report", "scale"])
def test_reports_of_a_comparison_are_written(command: str, rsbench: Call, no_torch: None, recorded: None) -> None:
    if command == "report":
        assert (
            rsbench("compare", "--compressor", "dgc,rsdgc,rsdgc:policy=global_rank", "--ratio", "50,100").exit_code == 0
        )
    shown = [one for one in documents.shown_commands() if one.words[0] == command and not one.reason]
    shown = [one for one in shown if "-" not in one.words]  # --out - prints a file, and no_torch writes none
    chosen = list({one.words: one for one in shown if not one.is_a_name}.values())
    assert len(chosen) >= 5
    for folder in {folder for one in chosen for folder in folders_of(one)} - {"rsbench-results"}:
        shutil.copytree("rsbench-results", folder)
    run_all(rsbench, chosen)


def folders_of(shown: Shown) -> list[str]:
    """Return the results folders that a command names."""
    context = main.commands[shown.words[0]].make_context(shown.words[0], list(shown.words[1:]))  # type: ignore[attr-defined]
    names = [one.name for one in context.command.params if isinstance(one, click.Argument)]
    values = [context.params.get(name) or () for name in (*names, "changes")]
    return [str(folder) for value in values for folder in (value if isinstance(value, tuple) else (value,))]
