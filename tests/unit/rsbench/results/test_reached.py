<<<<<<< HEAD
"""What is known of tries that ended without numbers outlives damage, and counts what no checkpoint holds."""
=======
"""How far a try came, from samples whose end may be torn."""
>>>>>>> main

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rsbench.results.folder import CellFolder
<<<<<<< HEAD
from rsbench.results.reached import Tally, note_reached, read_tally, write_tally


def attempt(cell: CellFolder, steps: int) -> CellFolder:
    """A try that wrote so many steps and half a line."""
    folder = cell.attempt("t")
    folder.path.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps({"kind": "step", "step": step}) for step in range(steps)]
    folder.samples.write_text("\n".join([*lines, '{"kind": "st']))
    return folder


def test_two_tries_that_went_on_from_one_checkpoint_both_count(tmp_path: Path) -> None:
    cell = CellFolder(tmp_path)
    cell.checkpoints.mkdir()
    for steps in (70, 65):
        note_reached(cell, attempt(cell, steps))
        write_tally(cell.checkpoints, read_tally(cell.checkpoints).resumed(60))
    assert read_tally(cell.checkpoints) == Tally(step=60, resumed_from_step=(60, 60), steps_redone=15)


def test_a_try_that_ended_before_its_first_step_loses_no_count(tmp_path: Path) -> None:
    cell = CellFolder(tmp_path)
    cell.checkpoints.mkdir()
    note_reached(cell, attempt(cell, 70))
    note_reached(cell, attempt(cell, 0))
    assert read_tally(cell.checkpoints).resumed(60).steps_redone == 10
=======
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
>>>>>>> main


def test_without_checkpoints_nothing_is_noted(tmp_path: Path) -> None:
    cell = CellFolder(tmp_path)
<<<<<<< HEAD
    note_reached(cell, attempt(cell, 70))
    write_tally(cell.checkpoints, Tally(step=3))
    assert not cell.checkpoints.exists()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{",
        "[" * 9999,
        '{"step": 3}',
        '{"step": 3, "resumed_from_step": 3, "steps_redone": 0}',
        '{"step": 3, "resumed_from_step": [true], "steps_redone": 0}',
        '{"step": -1, "resumed_from_step": [], "steps_redone": 0}',
    ],
)
def test_a_damaged_file_is_no_tally(tmp_path: Path, content: str) -> None:
    (tmp_path / "reached.json").write_text(content)
    assert read_tally(tmp_path) == Tally()
=======
    cell.samples.write_text(lines(0))
    note_reached(cell, cell)
    assert not cell.checkpoints.exists()
    assert reached(cell.checkpoints) == 0


@pytest.mark.parametrize("content", ["", "{", "[]", '{"step": -1}', '{"step": true}', '{"step": "9"}'])
def test_a_damaged_note_is_no_note(tmp_path: Path, content: str) -> None:
    (tmp_path / "reached.json").write_text(content)
    assert reached(tmp_path) == 0
>>>>>>> main
