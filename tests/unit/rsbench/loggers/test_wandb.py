"""Weights & Biases with the real package, offline."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rsbench.loggers.base import RunFacts
from rsbench.loggers.guarded import GuardedLoggers


def facts(folder: Path) -> RunFacts:
    return RunFacts(key="abc", label="a cell", config={"lr": 0.1, "dataset": "ucm21"}, folder=folder)


def logged(name: str, folder: Path, result: dict[str, float] | None) -> None:
    loggers = GuardedLoggers({name: facts(folder)})
    problems = loggers.begin()
    for step in range(3):
        problems += loggers.write("step", {"step": step, "loss": 1.0 / (step + 1)})
    problems += loggers.write("epoch", {"oa": 0.5})
    assert problems + loggers.end(result) == []


@pytest.mark.long
def test_wandb_writes_an_offline_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb")
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    logged("wandb", tmp_path / "wandb", {"test/oa": 0.75})
    (run,) = (tmp_path / "wandb" / "wandb").glob("offline-run-*")
    (file,) = run.glob("run-*.wandb")
    written = file.read_bytes()
    assert all(word in written for word in (b"step/loss", b"epoch/oa", b"a cell", b"rsbench_key"))
    assert b"test/oa" in written and b"0.75" in written
