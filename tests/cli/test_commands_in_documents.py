"""Commands of README, pages and help texts are run: those that need no data, with a launcher that trains nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import documents
import pytest
from click.testing import Result
from documents import Shown

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
}
"""Option -> what a command with it needs beside rsbench; the other tests of this folder run such commands."""


def without_needs(*commands: str) -> list[Shown]:
    """Return commands that need nothing, each once."""
    shown = [one for one in documents.shown_commands() if one.words[0] in commands and not one.reason]
    chosen = [one for one in shown if not one.is_a_name and not NEED_MORE.keys() & set(one.words)]
    return list({one.words: one for one in chosen}.values())


def failures(rsbench: Callable[..., Result], shown: list[Shown]) -> list[str]:
    done = [(one, rsbench(*one.words)) for one in shown]
    return [f"{one.text}: {result.output[-400:]}" for one, result in done if result.exit_code != 0]


def test_lists_are_printed(rsbench: Callable[..., Result], no_torch: None) -> None:
    shown = without_needs(*LISTS)
    assert len(shown) >= 5
    assert failures(rsbench, shown) == []


def test_files_for_clusters_are_written(rsbench: Callable[..., Result], no_torch: None) -> None:
    shown = without_needs(*FILES)
    assert len(shown) >= 1
    assert failures(rsbench, shown) == []


def test_comparisons_without_data_end_well(rsbench: Callable[..., Result], no_torch: None) -> None:
    shown = [one for one in without_needs("compare") if len(one.words) > 1]
    assert len(shown) >= 5
    wrong = []
    for one in shown:
        shutil.rmtree("rsbench-results", ignore_errors=True)
        wrong += failures(rsbench, [one])
    assert wrong == []


@pytest.mark.parametrize("command", ["report", "scale"])
def test_reports_of_a_comparison_are_written(
    command: str, rsbench: Callable[..., Result], launcher: object, no_torch: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rsbench("compare", "--seeds", "0,1").exit_code == 0
    for folder in ("results-a", "results-b"):
        shutil.copytree("rsbench-results", Path(folder))
    shown = [one for one in documents.shown_commands() if one.words[0] == command and not one.reason]
    chosen = list({one.words: one for one in shown if not one.is_a_name}.values())
    assert len(chosen) >= 5
    assert failures(rsbench, chosen) == []
