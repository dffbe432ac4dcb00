"""``--model`` with one's own code: cells that know it, and one sentence with exit code 2 for what it does wrong."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import own_models
import pytest
from click.testing import Result

from rsbench.planning import probe

Call = Callable[..., Result]
CELL = ("--compressor", "none", "--workers", 2, "--max-steps", 4)


@pytest.fixture
def helper(monkeypatch: pytest.MonkeyPatch) -> None:
    """The helper process's answers, given in this process: starting it takes seconds."""
    from rsbench.planning import probe_worker

    def answer(question: dict[str, Any]) -> Any:
        asked = dict(question)
        return json.loads(json.dumps(probe_worker._ANSWERS[asked.pop("ask")](**asked)))

    monkeypatch.setattr(probe, "_ask", answer)
    monkeypatch.setattr(sys, "path", [*sys.path])


@pytest.fixture
def rsbench(rsbench: Call, tmp_path: Path) -> Call:
    """The command line, in a folder with modules of networks."""
    own_models.write(tmp_path / "work", nets="cli_nets", parts="cli_parts", broken="cli_broken")
    yield rsbench
    for name in ("cli_nets", "cli_parts", "cli_broken"):
        sys.modules.pop(name, None)


def cells(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted(folder.glob("cells/*/record.json"))]


@pytest.mark.usefixtures("launcher", "helper")
def test_a_cell_holds_the_model_and_its_code_and_changed_code_is_another_cell(rsbench: Call, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = rsbench("compare", "--model", "cli_nets:make:depth=2", *CELL, "--out", out)
    assert first.exit_code == 0, first.output
    [record] = cells(out)
    assert record["cell"]["model"] == "cli_nets:make:depth=2"
    assert record["cell"]["model_source"].startswith("sha256:")
    assert "cli_nets:make:depth=2" in first.output
    rsbench("compare", "--model", "cli_nets:make:depth=2", *CELL, "--out", out)
    assert len(cells(out)) == 1
    Path("cli_parts.py").write_text(Path("cli_parts.py").read_text() + "# changed\n")
    rsbench("compare", "--model", "cli_nets:make:depth=2", *CELL, "--out", out)
    assert len(cells(out)) == 2
    assert len({record["key"] for record in cells(out)}) == 2


@pytest.mark.usefixtures("launcher")
def test_a_model_of_ours_says_nothing_of_its_code(no_torch: None, rsbench: Call, tmp_path: Path) -> None:
    rsbench("compare", "--model", "smallvgg", *CELL, "--out", tmp_path / "out")
    [record] = cells(tmp_path / "out")
    assert "model_source" not in record["cell"]


WRONG = {
    "cli_nets:mak": 'cli_nets.py has no mak. Did you mean "make"?',
    "cli_nts:make": 'Did you mean "cli_nets"?',
    "cli_nets.py": '"cli_nets.py" is a file; name the callable that builds the network: cli_nets.py:CALLABLE.',
    "cli_broken.py:needs": "needs depth, width, which rsbench does not know",
    "cli_broken:Raising": "(cli_broken.py:41)",
    "cli_broken:maps": "but a tensor [2, 18] is wanted: one logit a class",
    "cli_broken:no_gradient": "has nothing to train",
    "cli_broken:leaves": "called sys.exit('bye')",
}


@pytest.mark.usefixtures("launcher", "helper")
@pytest.mark.parametrize("model", WRONG)
def test_what_own_code_does_wrong_is_one_sentence_and_exit_code_2(rsbench: Call, model: str) -> None:
    result = rsbench("compare", "--model", model, *CELL)
    assert result.exit_code == 2, result.output
    assert WRONG[model] in result.stderr
    assert result.stderr.startswith("Error: ") and len(result.stderr.splitlines()) == 1
    assert "Traceback" not in result.output and "printed while" not in result.stdout


@pytest.mark.usefixtures("launcher")
def test_code_that_ends_the_helper_process_ends_nothing_else(rsbench: Call) -> None:
    result = rsbench("compare", "--model", "cli_broken:ends", *CELL)
    assert result.exit_code == 2
    assert (
        "cli_broken:ends ended the process that looked at it (exit status 3; last line printed: out of here)"
        in result.stderr
    )
    assert not {"cli_broken", "cli_nets"} & set(sys.modules)


@pytest.mark.usefixtures("launcher")
def test_code_that_hangs_is_given_up(rsbench: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "TIME_LIMIT_S", 0.2)
    result = rsbench("compare", "--model", "cli_broken:hangs", *CELL)
    assert result.exit_code == 2
    assert "cli_broken:hangs gave no answer within 0.2 s: it must build its network" in result.stderr


@pytest.mark.usefixtures("launcher", "helper")
def test_a_list_of_models_has_sizes_and_ratios_of_own_ones_too(rsbench: Call) -> None:
    result = rsbench("list", "models", "resnet18", "cli_nets:Net:width=8", "--json")
    assert result.exit_code == 0, result.output
    ours, own = json.loads(result.stdout)["models"]
    assert (ours["name"], ours["parameters"], ours["gradient_bytes"]) == ("resnet18", 11_187_285, 44_749_140)
    assert (own["name"], own["parameters"]) == ("cli_nets:Net:width=8", 8 * 27 + 3 * 8 + 33 * 21)
    assert 10 < own["largest_ratio"] < 20
    shown = rsbench("list", "models", "vgg19").stdout
    assert "vgg19" in shown and "resnet18" not in shown and "140 " in shown


@pytest.mark.usefixtures("launcher", "helper")
def test_an_unknown_model_in_a_list_is_named(rsbench: Call) -> None:
    result = rsbench("list", "models", "resnet81")
    assert result.exit_code == 2 and 'has no "resnet81". Did you mean "resnet18"?' in result.stderr
