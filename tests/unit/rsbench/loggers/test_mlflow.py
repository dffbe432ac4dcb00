"""MLflow with the real package, into files."""

from __future__ import annotations

from pathlib import Path

import pytest
from logged_runs import log_a_run


@pytest.mark.long
@pytest.mark.parametrize(("result", "status"), [({"test/oa": 0.75}, "FINISHED"), (None, "FAILED")])
def test_mlflow_writes_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, result: dict[str, float] | None, status: str
) -> None:
    pytest.importorskip("mlflow")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    log_a_run("mlflow", tmp_path / "mlflow", result)
    from mlflow.tracking import MlflowClient

    client = MlflowClient((tmp_path / "mlflow").as_uri())
    (run,) = client.search_runs([client.get_experiment_by_name("rsbench").experiment_id])
    assert (run.info.run_name, run.info.status) == ("a cell", status)
    assert run.data.params == {"lr": "0.1", "dataset": "ucm21", "rsbench_key": "abc"}
    assert run.data.metrics.items() >= {"step/loss": 1 / 3, "epoch/oa": 0.5, **(result or {})}.items()
    assert [point.step for point in client.get_metric_history(run.info.run_id, "step/loss")] == [0, 1, 2]
