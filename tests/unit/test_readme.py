"""What the README promises is what is run."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(label: str) -> str:
    """The code block under an HTML comment."""
    found = re.search(rf"<!-- {label} -->\n```\w+\n(.*?)```", README, re.DOTALL)
    assert found, f"README has no block {label!r}"
    return found[1]


def test_ci_calls_the_command_of_the_readme() -> None:
    assert block("second command").strip() in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_commands_of_the_readme_are_accepted() -> None:
    from click.testing import CliRunner

    from rsbench.cli.main import main

    assert ".venv/bin/rsbench compare" in block("first command")
    for command in ("compare", "report", "doctor", "list", "data", "run"):
        assert CliRunner().invoke(main, [command, "--help"]).exit_code == 0


def test_options_of_the_readme_are_known() -> None:
    from rsbench.cli.main import main

    lines = re.sub(r"\\\n\s*", "", README).splitlines()
    commands = [
        line.strip() for line in lines if re.match(r"(?:    )?rsbench (?:bench|report|list|compare|k8s) ", line)
    ]
    commands += re.findall(r"`(rsbench bench [^`]*)`", README)
    assert sum(command.startswith("rsbench bench ") for command in commands) >= 5
    for command in commands:
        _, name, *arguments = shlex.split(command, comments=True)
        main.commands[name].make_context(name, arguments)  # type: ignore[attr-defined]


@pytest.mark.timeout(180)
def test_the_plain_script_trains_and_ranks_stay_equal(tmp_path: Path) -> None:
    script = block("plain script")
    assert len(script.splitlines()) <= 32
    (tmp_path / "train.py").write_text(script, encoding="utf-8")
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "train.py"]
    done = subprocess.run(
        launcher, cwd=tmp_path, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    losses = [float(x) for x in re.findall(r"loss ([\d.]+)", done.stdout)]
    assert len(losses) == 4
    assert losses[-1] < 0.5 * losses[0], "loss falls"
    assert "ranks equal: True" in done.stdout
