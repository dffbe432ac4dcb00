"""A short run whose numbers go to one logger of another package."""

from __future__ import annotations

from pathlib import Path

from rsbench.loggers.base import RunFacts
from rsbench.loggers.guarded import GuardedLoggers


def log_a_run(name: str, folder: Path, result: dict[str, float] | None) -> None:
    """Log three steps and an epoch, and end; no logger may fail."""
    facts = RunFacts(key="abc", label="a cell", config={"lr": 0.1, "dataset": "ucm21"}, folder=folder)
    loggers = GuardedLoggers({name: facts})
    problems = loggers.begin()
    for step in range(3):
        problems += loggers.write("step", {"step": step, "loss": 1.0 / (step + 1)})
    problems += loggers.write("epoch", {"oa": 0.5})
    assert problems + loggers.end(result) == []
