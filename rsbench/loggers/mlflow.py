"""MLflow. Runs are files in the cell's folder unless ``MLFLOW_TRACKING_URI`` names another place."""

from __future__ import annotations

import os
from collections.abc import Mapping

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # before the import: nothing is sent unasked

from mlflow.tracking import MlflowClient

from rsbench.loggers.base import Logger, RunFacts

EXPERIMENT = "rsbench"


class MLflow(Logger):
    """Writes one run a cell; ``MLFLOW_EXPERIMENT_NAME`` counts too."""

    def begin(self, run: RunFacts) -> None:
        """Start a run that is named as the tables name the cell."""
        self._client = MlflowClient(os.environ.get("MLFLOW_TRACKING_URI") or run.folder.resolve().as_uri())
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME", EXPERIMENT)
        known = self._client.get_experiment_by_name(name)
        experiment = self._client.create_experiment(name) if known is None else known.experiment_id
        self._id = self._client.create_run(experiment, run_name=run.label).info.run_id
        for key, value in {**run.config, "rsbench_key": run.key}.items():
            self._client.log_param(self._id, key, value)

    def log(self, step: int, scalars: Mapping[str, float]) -> None:
        """Add metrics."""
        for name, value in scalars.items():
            self._client.log_metric(self._id, name, value, step=step)

    def end(self, result: Mapping[str, float] | None) -> None:
        """Add the result as metrics, and end the run as finished or failed."""
        for name, value in (result or {}).items():
            self._client.log_metric(self._id, name, value)
        self._client.set_terminated(self._id, "FINISHED" if result is not None else "FAILED")
