"""How far a cell has come, from the samples of rank 0 and the heartbeats of all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rsbench.run.screen.cell_state import CellState

STEP = {"kind": "step", "step": 9, "epoch": 1, "loss": 1.5, "payload_bytes": 45300, "images": 64, "step_time_s": 0.5}


def test_state_follows_the_file_even_through_half_lines(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    state = CellState(path=path, steps=30, epochs=3)
    assert not state.read()
    path.write_text('{"kind": "phase", "phase": "train"}\n{"kind": "st')
    assert state.read() and state.phase == "train" and state.step == 0
    path.write_text('{"kind": "phase", "phase": "train"}\n' + json.dumps(STEP) + "\nnot json\n")
    assert state.read() and state.activity == "step 10/30"
    with path.open("a") as stream:
        stream.write(json.dumps({"kind": "epoch", "epoch": 1, "oa": 0.755}) + "\n")
    state.read()
    assert state.details() == ["loss 1.500", "val OA 75.5 %", "epoch 2/3", "128 samples/s", "45.3 kB/step"]
    assert state.left_s == pytest.approx(10.0)


def test_activity_before_and_after_the_steps(tmp_path: Path) -> None:
    state = CellState(path=tmp_path / "samples.jsonl", steps=30, epochs=1)
    assert state.activity == "starting workers" and state.details() == [] and state.left_s is None
    state.places = ("load its data", "start its process")
    assert state.activity == "starting workers 1/2"
    state.path.write_text(json.dumps(STEP) + '\n{"kind": "phase", "phase": "test"}\n')
    state.read()
    assert state.activity == "testing" and "epoch" not in " ".join(state.details())


def test_steps_of_a_scoring_phase_are_named_and_counted_to_its_end(tmp_path: Path) -> None:
    state = CellState(path=tmp_path / "samples.jsonl", steps=30, epochs=3, scoring_steps=12)
    state.path.write_text('{"kind": "phase", "phase": "score"}\n')
    state.read()
    assert state.activity == "starting workers"
    with state.path.open("a") as stream:
        stream.write(json.dumps(STEP) + "\n")
    state.read()
    assert state.activity == "scoring 10/12" and state.left_s == pytest.approx(10.0)
    with state.path.open("a") as stream:
        stream.write('{"kind": "phase", "phase": "train"}\n' + json.dumps(STEP | {"step": 10}) + "\n")
    state.read()
    assert state.activity == "step 11/30"
