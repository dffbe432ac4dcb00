"""``--prune`` on the command line: refused before launch, rows of one table, one cell in ``run``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from rsbench.cell import CellSpec
from rsbench.results.records import list_runs

Call = Callable[..., Result]


def cells() -> list[dict[str, Any]]:
    """The cells that ran."""
    return [run.record["cell"] for run in list_runs([Path("rsbench-results")]) if run.record is not None]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--prune", "tdds"], "does not say which share of the samples is kept: write tdds:0.5"),
        (["--prune", "tdds:0.5,epochs=3"], "has a window of 4 epochs, but the scoring phase has 3: give epochs=4"),
        (["--prune", "random:0.5,window=4"], 'random has no option "window"'),
        (["--prune", "el2n:1"], "keeps all samples: write none for that"),
        (["--prune", "forgeting:0.5"], 'Did you mean "forgetting"?'),
        (["--prune", "tdds:0.5", "--partition", "classes:9"], "leave one of the two out"),
        (["--prune", "random:0.5", "--dataset", "synthetic-htd"], "has no class a sample: write --prune none"),
    ],
)
def test_what_cannot_be_is_refused_before_launch(
    rsbench: Call, launcher: Any, arguments: list[str], words: str
) -> None:
    result = rsbench("compare", "--epochs", "2", "--compressor", "none", *arguments)
    assert result.exit_code == 2 and words in " ".join(result.output.split()), result.output
    assert launcher.ran == []


@pytest.mark.usefixtures("no_torch")
def test_methods_and_selections_are_crossed_each_once(rsbench: Call, launcher: Any) -> None:
    asked = ("--epochs", "2", "--compressor", "none,topk", "--ratio", "20")
    result = rsbench("compare", *asked, "--prune", "none,tdds:0.5,tdds:.50,epochs=10,random:0.5,budget=steps")
    assert result.exit_code == 0, result.output
    assert len(launcher.ran) == 6, "tdds:.50,epochs=10 is tdds:0.5"
    ran = {(cell["compressor"], cell.get("prune")) for cell in cells()}
    assert ran == {
        (name, prune) for name in ("none", "topk") for prune in (None, "tdds:0.5", "random:0.5,budget=steps")
    }


@pytest.mark.usefixtures("no_torch")
def test_a_variable_of_the_environment_and_run_take_one(
    rsbench: Call, launcher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RSBENCH_RUN_PRUNE", "el2n:0.3")
    assert rsbench("run", "--epochs", "2").exit_code == 0
    [cell] = cells()
    assert CellSpec.from_dict(cell).pruning.text == "el2n:0.3"


def test_a_list_names_every_kind_with_its_options_and_source(rsbench: Call) -> None:
    listed = rsbench("list", "prune").output
    for words in ("tdds:S", "forgetting:S", "arXiv 2311.13613", "window", "0 < x < 1", "epochs or steps"):
        assert words in listed, words
