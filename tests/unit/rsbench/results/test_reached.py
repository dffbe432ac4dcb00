"""How far a try came, from samples whose end may be torn."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rsbench.results.folder import CellFolder
from rsbench.results.reached import note_reached, reached


def lines(*steps: int) -> str:
    return "".join(json.dumps({"kind": "step", "step": step, "loss": 1.0}) + "\n" for step in steps)


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        (lines(0, 1, 2), 3),
        (lines(0, 1, 2) + '{"kind": "ste', 3),
        (lines(*range(5000)) + '{"kind": "epoch", "epoch": 0}\n', 5000),
        ('{"kind": "phase", "phase": "start"}\n', 0),
        ("", 0),
        ('{"kind": "step", "step": "x"}\n[]\n7\n', 0),
    ],
)
def test_the_last_whole_step_counts(tmp_path: Path, text: str, steps: int) -> None:
    cell = CellFolder(tmp_path)
    cell.checkpoints.mkdir()
    cell.samples.write_text(text)
    note_reached(cell, cell)
    assert reached(cell.checkpoints) == steps


def test_without_checkpoints_nothing_is_noted(tmp_path: Path) -> None:
    cell = CellFolder(tmp_path)
    cell.samples.write_text(lines(0))
    note_reached(cell, cell)
    assert not cell.checkpoints.exists()
    assert reached(cell.checkpoints) == 0


@pytest.mark.parametrize("content", ["", "{", "[]", '{"step": -1}', '{"step": true}', '{"step": "9"}'])
def test_a_damaged_note_is_no_note(tmp_path: Path, content: str) -> None:
    (tmp_path / "reached.json").write_text(content)
    assert reached(tmp_path) == 0
