"""The floors of ``pyproject.toml``: kept by the tree, and broken by one import that runs up."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ("rsbench", "compressors", "datasets", "reports", "pyproject.toml")


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()", "--no-cache"]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_no_import_runs_up_and_none_goes_in_a_circle() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout[-4000:]


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("rsbench/errors.py", "from rsbench.cli import options", "Floors of rsbench"),
        ("rsbench/models/patchnets.py", "def late():\n    from rsbench.train import loop", "Floors of rsbench"),
        ("compressors/blocks/layout.py", "from rsbench.compressors import topk", "Floors of compressors/"),
        ("datasets/io/matlab.py", "from rsbench.datasets.pixels import dataset", "Floors of datasets/"),
        ("reports/document/table.py", "from rsbench.reports import build", "Floors of reports/"),
        ("datasets/scenes/source.py", "from rsbench.datasets.scenes import dataset", "No circles anywhere"),
        ("rsbench/planning/grid.py", "import torch", "Planning, results and reports import no torch"),
    ],
)
def test_one_import_that_runs_up_breaks_its_contract(copy: Path, file: str, line: str, contract: str) -> None:
    with (copy / file).open("a") as stream:
        stream.write(f"\n{line}\n")
    done = lint(copy)
    assert done.returncode == 1
    assert f"{contract} BROKEN" in done.stdout


def test_a_folder_without_a_floor_is_refused(copy: Path) -> None:
    (copy / "rsbench" / "attic").mkdir()
    (copy / "rsbench" / "attic" / "__init__.py").write_text('"""A room that nobody has placed."""\n')
    assert lint(copy).returncode == 1
