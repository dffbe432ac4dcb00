"""Progress in logs and pipes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from screen_parts import SPEC, STEP, append

from rsbench.run.screen.cell_state import CellState
from rsbench.run.screen.labels import Labels
from rsbench.run.screen.plain import PlainProgress

OTHER = replace(SPEC, compressor="none", ratio=None)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    return now


def test_a_line_comes_at_each_phase_not_at_every_step(tmp_path: Path, clock: list[float]) -> None:
    path, lines = tmp_path / "samples.jsonl", list[str]()
    plain = PlainProgress(Labels.of([SPEC, OTHER]), lines.append)
    plain.begin(SPEC, CellState(path=path, steps=30, epochs=3), 2)
    plain.tick(("start its process", "start its process"))
    plain.tick(("load its data", "start its process"))
    plain.tick(("load its data", "load its data"))
    append(path, {"kind": "phase", "phase": "train"})
    for step in range(5):
        append(path, {**STEP, "step": step})
        plain.tick()
    append(path, {"kind": "epoch", "epoch": 1, "oa": 0.5}, {"kind": "phase", "phase": "test"})
    plain.tick()
    clock[0] += 3
    plain.end(SPEC, "done in 3 s", 2)
    assert lines == [
        "[1/2] rsdgc 100x: starting workers 0/2",
        "[1/2] rsdgc 100x: reading data",
        "[1/2] rsdgc 100x: step 1/30, loss 1.500, epoch 2/3, 14 s left (all: 29 s)",
        "[1/2] rsdgc 100x: testing",
        "[1/2] rsdgc 100x: done in 3 s",
    ]


def test_lines_of_training_come_every_five_seconds_and_more_seldom_in_long_cells(
    tmp_path: Path, clock: list[float]
) -> None:
    path, lines = tmp_path / "samples.jsonl", list[str]()
    plain = PlainProgress(Labels.of([SPEC]), lines.append)
    plain.begin(SPEC, CellState(path=path, steps=3000, epochs=3), 1)
    append(path, {"kind": "phase", "phase": "train"})

    def train(seconds: int) -> int:
        before = len(lines)
        for _ in range(seconds):
            clock[0] += 1
            append(path, {**STEP, "step": int(clock[0]) - 100})
            plain.tick()
        return len(lines) - before

    assert train(26) == 6  # the first step, and five more
    assert train(1000) < 80
    assert train(1000) in range(15, 20)  # a minute between two at most


def test_notes_of_workers_are_shown_once(tmp_path: Path) -> None:
    path, lines = tmp_path / "samples.jsonl", list[str]()
    plain = PlainProgress(Labels.of([SPEC]), lines.append)
    plain.begin(SPEC, CellState(path=path, steps=30, epochs=3), 1)
    append(path, {"kind": "resumed", "step": 12, "steps_redone": 1})
    plain.tick()
    plain.tick()
    assert lines == [
        "[1/1] rsdgc 100x: starting workers",
        "[1/1] rsdgc 100x: going on from step 12 (1 step to do again)",
    ]


def test_a_cell_trains_from_its_first_step_on(tmp_path: Path) -> None:
    progress = PlainProgress(Labels(), lambda line: None)
    state = CellState(path=tmp_path / "samples.jsonl", steps=30, epochs=3)
    assert not progress.is_training
    progress.begin(SPEC, state, 1)
    assert not progress.is_training
    append(state.path, STEP)
    progress.tick()
    assert progress.is_training
