"""Raw samples and event files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from rsbench.loggers.base import Logger, RunFacts
from rsbench.measure import log
from rsbench.results.folder import CellFolder

STEPS = [{"step": step, "loss": 2.0 / (step + 1), "lr": 0.1, "warmup": step < 1} for step in range(3)]


def facts(folder: Path) -> dict[str, RunFacts]:
    return {"tensorboard": RunFacts(key="abc", label="a cell", config={}, folder=folder)}


def test_event_files_hold_what_the_lines_say(tmp_path: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    folder = CellFolder(tmp_path)
    written = log.RunLog(folder.samples, loggers=facts(folder.of_logger("tensorboard")))
    for step in STEPS:
        written.write("step", step)
    written.write("epoch", {"epoch": 0, "oa": 0.5, "loss": float("nan")})
    lines = [json.loads(line) for line in folder.samples.read_text().splitlines()]
    assert [line["kind"] for line in lines] == ["step"] * 3 + ["epoch"] and lines[-1]["loss"] is None
    events = accumulator.EventAccumulator(str(folder.events)).Reload()
    assert [(event.step, round(event.value, 6)) for event in events.Scalars("step/loss")] == [
        (step["step"], round(step["loss"], 6)) for step in STEPS
    ]
    assert [(event.step, event.value) for event in events.Scalars("epoch/oa")] == [(2, 0.5)]
    assert "step/warmup" not in events.Tags()["scalars"] and "epoch/loss" not in events.Tags()["scalars"]


class Broken(Logger):
    """Cannot take numbers, and keeps the result."""

    def begin(self, run: RunFacts) -> None:
        pass

    def log(self, step: int, scalars: Mapping[str, float]) -> None:
        raise ConnectionError("no way out")

    def end(self, result: Mapping[str, float] | None) -> None:
        raise ValueError(f"result {result}")


def test_a_logger_that_fails_is_one_warning_among_the_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rsbench.loggers.tensorboard.TensorBoard", Broken)
    written = log.RunLog(tmp_path / "samples.jsonl", loggers=facts(tmp_path))
    for step in STEPS:
        written.write("step", step)
    written.close()
    lines = [json.loads(line) for line in (tmp_path / "samples.jsonl").read_text().splitlines()]
    assert [line["kind"] for line in lines] == ["step", "warning", "step", "step"]
    assert "failed when it took numbers (ConnectionError: no way out)" in lines[1]["text"]


def test_the_result_of_a_finished_cell_reaches_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rsbench.loggers.tensorboard.TensorBoard", Broken)
    written = log.RunLog(tmp_path / "samples.jsonl", loggers=facts(tmp_path))
    written.finish({"accuracy": {"test": {"oa": 0.5, "per_class": [1]}}, "traffic": {"compression_ratio": 50.0}})
    written.close()
    assert (
        "ValueError: result {'test/oa': 0.5, 'traffic/compression_ratio': 50.0}"
        in (tmp_path / "samples.jsonl").read_text()
    )


def test_other_ranks_write_nothing(tmp_path: Path) -> None:
    log.RunLog(None).write("step", STEPS[0])
    assert list(tmp_path.iterdir()) == []


def test_lines_go_on_from_a_checkpoint(tmp_path: Path) -> None:
    first = log.RunLog(tmp_path / "first.jsonl")
    for sample in STEPS:
        first.write("step", sample)
    first.so_far()  # as the checkpoint before did
    saved = first.so_far()
    first.write("step", {"step": 99})
    second = log.RunLog(tmp_path / "second.jsonl", loggers=facts(tmp_path / "events"))
    second.write("phase", {"phase": "start"})
    second.restore(saved)
    second.warn("a sentence")
    second.close()
    lines = (tmp_path / "second.jsonl").read_text().splitlines()
    assert lines == [
        *(tmp_path / "first.jsonl").read_text().splitlines()[:-1],
        '{"kind": "warning", "text": "a sentence"}',
    ]
    assert list((tmp_path / "events").iterdir())


def test_other_ranks_have_nothing_to_restore() -> None:
    silent = log.RunLog(None)
    silent.restore(silent.so_far())
    assert silent.so_far() == b""
