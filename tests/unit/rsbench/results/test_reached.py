"""What is known of tries that ended without numbers: torn samples, damaged notes, and what no checkpoint holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rsbench.results.folder import CellFolder
from rsbench.results.reached import Tally, note_reached, read_tally, write_tally


def lines(*steps: int) -> str:
    return "".join(json.dumps({"kind": "step", "step": step, "loss": 1.0}) + "\n" for step in steps)


def note(cell: CellFolder, text: str) -> Tally:
    cell.samples.write_text(text)
    note_reached(cell, cell)
    return read_tally(cell.checkpoints)


@pytest.fixture
def cell(tmp_path: Path) -> CellFolder:
    folder = CellFolder(tmp_path)
    folder.checkpoints.mkdir()
    return folder


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
def test_the_last_whole_step_counts(cell: CellFolder, text: str, steps: int) -> None:
    assert note(cell, text) == Tally(step=steps)


def test_two_tries_that_went_on_from_one_checkpoint_both_count(cell: CellFolder) -> None:
    for steps in (70, 65):
        tally = note(cell, lines(*range(steps)))
        write_tally(cell.checkpoints, tally.resumed(60))
    assert read_tally(cell.checkpoints) == Tally(step=60, resumed_from_step=(60, 60), steps_redone=15)


def test_a_try_that_ended_before_its_first_step_loses_no_count(cell: CellFolder) -> None:
    note(cell, lines(*range(70)))
    assert note(cell, "").resumed(60).steps_redone == 10


def test_without_checkpoints_nothing_is_noted(tmp_path: Path) -> None:
    cell = CellFolder(tmp_path)
    assert note(cell, lines(0)) == Tally()
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
        '{"step": "3", "resumed_from_step": [], "steps_redone": 0}',
        '{"step": -1, "resumed_from_step": [], "steps_redone": 0}',
    ],
)
def test_a_damaged_note_is_no_note(tmp_path: Path, content: str) -> None:
    (tmp_path / "reached.json").write_text(content)
    assert read_tally(tmp_path) == Tally()
