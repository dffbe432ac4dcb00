"""Loggers in a worker: they get the numbers, and what they raise is told once."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from rsbench.loggers import guarded
from rsbench.loggers.base import Logger, RunFacts
from rsbench.loggers.names import Listed


class Kept(Logger):
    calls: list[tuple[Any, ...]]

    def begin(self, run: RunFacts) -> None:
        Kept.calls = [("begin", run.key)]

    def log(self, step: int, scalars: Any) -> None:
        Kept.calls.append(("log", step, dict(scalars)))

    def end(self, result: Any) -> None:
        Kept.calls.append(("end", result))


class Raises(Kept):
    def log(self, step: int, scalars: Any) -> None:
        raise OSError("no\nroom \x1b[31m" + "x" * 400)


class Exits(Kept):
    def end(self, result: Any) -> None:
        sys.exit(3)


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, RunFacts]:
    module = ModuleType("their_loggers")
    vars(module).update(Kept=Kept, Raises=Raises, Exits=Exits, Other=dict)
    monkeypatch.setitem(sys.modules, "their_loggers", module)
    listed = {
        name.lower(): Listed(target=f"their_loggers:{name}", package="their_loggers")
        for name in ("Kept", "Raises", "Exits", "Other", "Missing")
    }
    monkeypatch.setattr(guarded, "known", lambda: listed)
    return {name: RunFacts(key="abc", label="a cell", config={"lr": 0.1}, folder=tmp_path / name) for name in listed}


def test_numbers_of_steps_and_epochs_arrive_in_order(runs: dict[str, RunFacts]) -> None:
    loggers = guarded.GuardedLoggers({"kept": runs["kept"]})
    problems = loggers.begin()
    problems += loggers.write("phase", {"phase": "train"})
    problems += loggers.write("step", {"step": 4, "loss": 0.5, "warmup": True, "note": "x", "lost": None})
    problems += loggers.write("epoch", {"oa": 0.25, "loss": float("nan")})
    problems += loggers.end({"test/oa": 0.5})
    assert problems == []
    assert Kept.calls == [
        ("begin", "abc"),
        ("log", 4, {"step/step": 4, "step/loss": 0.5}),
        ("log", 4, {"epoch/oa": 0.25}),
        ("end", {"test/oa": 0.5}),
    ]


def test_a_logger_that_raises_is_named_once_and_the_others_go_on(runs: dict[str, RunFacts]) -> None:
    loggers = guarded.GuardedLoggers({name: runs[name] for name in ("raises", "kept")})
    assert loggers.begin() == []
    (problem,) = loggers.write("step", {"step": 0})
    assert problem.startswith('the logger "raises" failed when it took numbers (OSError: no room \\x1b[31mxxx')
    assert problem.endswith("x); the cell goes on without it, and samples.jsonl has all its numbers.")
    assert len(problem) < 350
    assert loggers.write("step", {"step": 1}) == loggers.end(None) == []
    assert Kept.calls[1:] == [("log", 0, {"step/step": 0}), ("log", 1, {"step/step": 1}), ("end", None)]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("other", "failed when it began (TypeError: Other is no subclass of rsbench.loggers.base.Logger)"),
        ("missing", "failed when it began (AttributeError: module 'their_loggers' has no attribute 'Missing')"),
    ],
)
def test_what_is_no_logger_is_told(runs: dict[str, RunFacts], name: str, words: str) -> None:
    (problem,) = guarded.GuardedLoggers({name: runs[name]}).begin()
    assert words in problem


def test_a_logger_that_ends_the_process_does_not(runs: dict[str, RunFacts]) -> None:
    loggers = guarded.GuardedLoggers({"exits": runs["exits"]})
    assert loggers.begin() == []
    assert "failed when it ended (SystemExit: 3)" in loggers.end(None)[0]
