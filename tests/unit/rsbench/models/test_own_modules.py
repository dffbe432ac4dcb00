"""Modules of two own models that have one name."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rsbench.models.own import build


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two folders with files of the same names; the network has as many inputs as the helper beside it says."""
    monkeypatch.chdir(tmp_path)
    for folder, width in (("one", 3), ("two", 5)):
        (tmp_path / folder / "deep_parts").mkdir(parents=True)
        (tmp_path / folder / "deep_parts" / "width.py").write_text(f"WIDTH = {width}\n")
        code = "import deep_parts.width\nimport json\nfrom torch import nn\n"
        code += "def make():\n    return nn.Linear(deep_parts.width.WIDTH, 1)\n"
        (tmp_path / folder / "same_nets.py").write_text(code)
        (tmp_path / folder / "more_nets.py").write_text("from same_nets import make\n")


def width(model: str) -> int:
    width: int = build(model, {}).in_features
    return width


def test_models_of_two_folders_are_each_built_from_their_own_files() -> None:
    path, json = list(sys.path), sys.modules["json"]
    models = ["one/same_nets.py:make", "two/same_nets.py:make", "one/more_nets.py:make", "two/more_nets.py:make"]
    assert [width(model) for model in models] == [3, 5, 3, 5]
    assert width(models[3]) == width(models[1]) == 5
    assert sys.path[1:] == path
    width("one/same_nets.py:make")
    assert sys.path[1:] == path and sys.modules["json"] is json
