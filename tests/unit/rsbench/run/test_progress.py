"""What the user sees while a cell runs, from the samples of rank 0."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from rsbench.run.progress import CellState, LiveProgress, PlainProgress

STEP = {"kind": "step", "step": 9, "epoch": 1, "loss": 1.5, "payload_bytes": 45300, "images": 64, "step_time_s": 0.5}


def append(path: Path, *samples: object) -> None:
    with path.open("a") as stream:
        stream.writelines(json.dumps(sample) + "\n" for sample in samples)


def test_state_follows_the_file_even_through_half_lines(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    state = CellState(path=path, steps=30, epochs=3)
    assert not state.read()
    path.write_text('{"kind": "phase", "phase": "train"}\n{"kind": "st')
    assert state.read() and state.phase == "train" and state.step == 0
    path.write_text('{"kind": "phase", "phase": "train"}\n' + json.dumps(STEP) + "\nnot json\n")
    assert state.read() and state.step == 10
    append(path, {"kind": "epoch", "epoch": 1, "oa": 0.755})
    state.read()
    assert state.words() == [
        *("train", "epoch 2/3", "step 10/30", "loss 1.500", "val OA 75.5 %", "128 samples/s", "45.3 kB/step"),
    ]
    assert state.left_s() == pytest.approx(10.0)


def test_plain_lines_come_at_phases_not_at_every_step_or_short_epoch(tmp_path: Path) -> None:
    path, lines = tmp_path / "samples.jsonl", []
    plain = PlainProgress(lines.append)
    plain.begin("a cell", CellState(path=path, steps=30, epochs=3), 2)
    append(path, {"kind": "phase", "phase": "train"})
    plain.tick()
    for step in range(5):
        append(path, {**STEP, "step": step})
        plain.tick()
    for epoch in range(3):
        append(path, {"kind": "epoch", "epoch": epoch, "oa": 0.5})
        plain.tick()
    append(path, {"kind": "phase", "phase": "test"})
    plain.tick()
    plain.end("a cell", "done in 3 s", 2)
    assert [line.split(": ")[1].split(",")[0] for line in lines] == ["starting", "train", "test", "done in 3 s"]
    assert lines[0].startswith("[1/2] a cell") and "val OA 50.0 %" in lines[2] and "all " in lines[2]


def test_plain_lines_come_every_ten_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("rsbench.run.progress.time.monotonic", lambda: now[0])
    path, lines = tmp_path / "samples.jsonl", []
    plain = PlainProgress(lines.append)
    plain.begin("a cell", CellState(path=path, steps=30, epochs=3), 1)
    for step in range(25):
        now[0] += 1
        append(path, {**STEP, "step": step})
        plain.tick()
    assert len(lines) == 3  # starting, and after 10 and 20 seconds


def test_live_display_draws_the_cell(tmp_path: Path) -> None:
    from rich.console import Console

    screen = io.StringIO()
    live = LiveProgress(Console(file=screen, force_terminal=True, width=120))
    path = tmp_path / "samples.jsonl"
    append(path, STEP)
    live.begin("ucm21 smallvgg rsdgc 100x", CellState(path=path, steps=30, epochs=3), 4)
    live._drawn = 0.0
    live.tick()
    live.end("ucm21 smallvgg rsdgc 100x", "done in 3 s", 4)
    live.close()
    for words in ("cell 1 of 4", "step 10/30", "[1/4] ucm21 smallvgg rsdgc 100x: done in 3 s"):
        assert words in screen.getvalue()
