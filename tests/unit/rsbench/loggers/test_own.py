"""rsbench's own loggers with the real packages, offline; TensorBoard's is in tests/unit/rsbench/measure/test_log.py."""

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
@pytest.mark.parametrize(("result", "status"), [({"test/oa": 0.75}, "FINISHED"), (None, "FAILED")])
def test_mlflow_writes_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, result: dict[str, float] | None, status: str
) -> None:
    pytest.importorskip("mlflow")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    logged("mlflow", tmp_path / "mlflow", result)
    from mlflow.tracking import MlflowClient

    client = MlflowClient((tmp_path / "mlflow").as_uri())
    (run,) = client.search_runs([client.get_experiment_by_name("rsbench").experiment_id])
    assert (run.info.run_name, run.info.status) == ("a cell", status)
    assert run.data.params == {"lr": "0.1", "dataset": "ucm21", "rsbench_key": "abc"}
    assert run.data.metrics.items() >= {"step/loss": 1 / 3, "epoch/oa": 0.5, **(result or {})}.items()
    assert [point.step for point in client.get_metric_history(run.info.run_id, "step/loss")] == [0, 1, 2]


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
