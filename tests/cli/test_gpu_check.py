"""``tests/gpu/check.sh`` on a CPU: the cheap part by the command, and what a late or broken part leaves behind."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rsbench.compressors import COMPRESSORS

FOLDER = Path(__file__).parents[1] / "gpu"
SCRIPT = """
import json, sys, time
arguments = dict(zip(sys.argv[1::2], sys.argv[2::2]))
rank, end = int(arguments["--rank"]), arguments["--end"]
with open(arguments["--findings"], "a") as file:
    law = {"kind": "law", "name": "held", "subject": "topk", "ok": rank == 0 or end != "broken law", "detail": "words"}
    print(json.dumps(law), file=file)
    print('{"kind": "law", "na', end="", file=file)
if end == "error" and rank == 1:
    raise ValueError("rank 1 gives up")
time.sleep(60 if end in ("late", "error") else 0)
"""


def check(out: Path, *arguments: str) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    """Run the command on the CPU; return it and its results."""
    done = subprocess.run(
        ["bash", str(FOLDER / "check.sh"), "--device", "cpu", *arguments],
        env={**os.environ, "OUT": str(out), "PYTHON": sys.executable, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (out / "results.json").exists(), done.stdout + done.stderr
    return done, json.loads((out / "results.json").read_text(encoding="utf-8"))


def test_the_command_counts_launches_and_names_what_needs_a_gpu(tmp_path: Path) -> None:
    done, results = check(tmp_path, "--only", "launches,peaks")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped  Peak GPU memory" in done.stdout
    parts = {part["name"]: part for part in results["parts"]}
    launches = parts.pop("launches")
    assert (launches["status"], parts.pop("peaks")["reason"]) == ("done", "needs a GPU")
    assert {name: (part["status"], part["reason"]) for name, part in parts.items()} == dict.fromkeys(
        ("laws", "kernels", "speeds", "laws-two", "cell"), ("skipped", "not asked for")
    )
    operators = {f["subject"]: f["value"] for f in launches["findings"] if f["name"] == "operators of torch"}
    assert {subject.partition(":")[0] for subject in operators} == set(COMPRESSORS)
    assert operators["topk:density=0.05,kernels=eager,one_d=select"] > operators["none"] > 0
    table = (tmp_path / "results.md").read_text(encoding="utf-8")
    assert "All laws held, and every part that was asked for" in table
    assert f"| torch | {results['machine']['torch']} |" in table


@pytest.mark.long
@pytest.mark.timeout(600)
def test_every_part_passes_on_a_cpu(tmp_path: Path) -> None:
    done, results = check(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {part["name"]: part["status"] for part in results["parts"]} == {
        **dict.fromkeys(("laws", "kernels", "speeds", "laws-two", "launches", "cell"), "done"),
        "peaks": "skipped",
    }


@pytest.fixture
def modules(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The check's own modules, which stand in no package."""
    monkeypatch.syspath_prepend(str(FOLDER))
    return {name: importlib.import_module(name) for name in ("check", "programme")}


@pytest.mark.parametrize(
    ("end", "status", "words", "holds"),
    [
        ("well", "done", "", True),
        ("late", "late", "ended after 2 s", True),
        ("error", "broken", "a process ended with 1: ValueError: rank 1 gives up", True),
        ("broken law", "broken", "", False),
    ],
)
def test_a_part_that_ends_badly_keeps_what_it_found(
    tmp_path: Path, modules: dict[str, Any], end: str, status: str, words: str, holds: bool
) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.replace('arguments["--end"]', repr(end)))
    facts = {"nccl": None, "gloo": True, "missing_packages": [], "cpu": "a CPU"}
    machine = dict.fromkeys(importlib.import_module("table").FACTS) | facts
    run = modules["check"].Check(tmp_path, machine, "cpu", 30.0)
    run.run(modules["programme"].Part("some", "Some part", str(script), 2.0, workers=2))
    run.run(modules["programme"].Part("more", "One that needs a GPU", str(script), 2.0, on_cpu=False))
    assert "**Not at its end:**" in (tmp_path / "results.md").read_text(encoding="utf-8")
    run.finish()
    results = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    part, skipped = results["parts"]
    assert (part["status"], part["reason"], skipped["status"]) == (status, words, "skipped")
    assert [(line["name"], line["ok"]) for line in part["findings"]] == [("held", holds)]
    assert results["passed"] == (status == "done")
    table = (tmp_path / "results.md").read_text(encoding="utf-8")
    assert f"| Some part | {status} |" in table
    assert ("BROKEN" in table) == (not holds)


def test_a_part_without_time_is_named_and_fails_the_check(tmp_path: Path, modules: dict[str, Any]) -> None:
    machine = {"nccl": None, "gloo": True, "missing_packages": [], "cpu": "a CPU"}
    run = modules["check"].Check(tmp_path, dict.fromkeys(importlib.import_module("table").FACTS) | machine, "cpu", 1.0)
    run.run(modules["programme"].PROGRAMME[0])
    run.finish()
    assert run.parts[0]["reason"] == "no time was left to begin it"
    assert not run.passed


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--out", "{file}"], "--out {file} cannot be written: Not a directory"),
        (["--device", "cuda"], "--device cuda: torch sees no GPU here"),
        (["--only", "laws,none"], "no such part: none"),
    ],
)
def test_what_cannot_be_checked_is_told_in_a_sentence(
    tmp_path: Path,
    modules: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: str,
) -> None:
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setattr(modules["check"], "machine", lambda: {"device": "cpu", "card": None})
    monkeypatch.setattr(sys, "argv", ["check.sh", *(word.format(file=file) for word in arguments)])
    with pytest.raises(SystemExit) as ended:
        modules["check"].main()
    assert ended.value.code == 2
    assert words.format(file=file) in capsys.readouterr().err


def test_a_machine_without_torch_fails_and_says_so(
    tmp_path: Path, modules: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "machine.py").write_text("import torch_of_nobody")
    monkeypatch.setattr(modules["check"], "HERE", tmp_path)
    monkeypatch.setattr(sys, "argv", ["check.sh", "--out", str(tmp_path)])
    assert modules["check"].main() == 1
    told = (tmp_path / "results.md").read_text(encoding="utf-8")
    assert "**FAILED.** torch cannot be asked: ModuleNotFoundError: No module named 'torch_of_nobody'" in told


def test_an_interpreter_that_is_none_or_too_old_is_told_in_a_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        ["bash", str(FOLDER / "check.sh")],
        env={**os.environ, "OUT": str(tmp_path), "PYTHON": "false"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "check.sh: 'false' is no Python 3.11 or newer; PYTHON names" in done.stderr
