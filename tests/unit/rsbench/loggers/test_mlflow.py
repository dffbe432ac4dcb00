"""MLflow with the real package, into files."""

from __future__ import annotations

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
