"""What the README and the page on training loops promise is what is run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
LOOP = (ROOT / "docs" / "training-loop.md").read_text(encoding="utf-8")
REPOSITORY = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]["Repository"]
RAW = f"{REPOSITORY.replace('github.com', 'raw.githubusercontent.com')}/main/"


def block(label: str, text: str = README) -> str:
    """The code block under an HTML comment."""
    found = re.search(rf"<!-- {label} -->\n```\w+\n(.*?)```", text, re.DOTALL)
    assert found, f"There is no block {label!r}"
    return found[1]


def test_ci_calls_the_command_of_the_readme() -> None:
    assert block("second command").strip() in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_the_first_command_compares_and_stays_visible() -> None:
    first = block("first command")
    assert first.strip().endswith(".venv/bin/rsbench compare")
    assert "--quiet" not in first, "pip is busy for minutes, and says so"


def test_the_first_screen_holds_clone_install_command_and_table() -> None:
    doors = README.index("\n## I have one workstation")
    shown = README[:doors]
    assert f"git clone {REPOSITORY} " in shown
    assert re.search(r"^\| none +\|", shown, re.MULTILINE), "docs/pictures/make.py writes the table"
    assert len(shown.splitlines()) <= 60


def test_links_of_the_readme_are_absolute_and_lead_to_files() -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", README)
    assert [link for link in links if not link.startswith("https://")] == []
    ours = [link.removeprefix(f"{REPOSITORY}/blob/main/") for link in links if link.startswith(f"{REPOSITORY}/")]
    assert len(ours) > 20
    assert [link for link in ours if not (ROOT / link.partition("#")[0]).is_file()] == []
    pictures = [link for link in links if link.startswith(RAW)]
    assert len(pictures) == 2
    assert [link for link in pictures if not (ROOT / link.removeprefix(RAW)).is_file()] == []


@pytest.mark.timeout(180)
def test_the_plain_script_trains_and_ranks_stay_equal(tmp_path: Path) -> None:
    script = block("plain script", LOOP)
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
