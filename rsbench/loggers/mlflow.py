"""MLflow. Runs are files in the cell's folder unless ``MLFLOW_TRACKING_URI`` names another place."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Final

# Before the import, which reads them: nothing is sent unasked, and files need no database.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")

from mlflow.entities import Metric
from mlflow.tracking import MlflowClient

from rsbench.loggers.base import Logger, RunFacts

MOST: Final = 1000
"""Metrics that MLflow takes in one call."""


class MLflow(Logger):
    """Writes one run a cell, metrics in batches; ``MLFLOW_EXPERIMENT_NAME`` counts too."""

    def begin(self, run: RunFacts) -> None:
        """Start a run that is named as the tables name the cell."""
        self._client = MlflowClient(os.environ.get("MLFLOW_TRACKING_URI") or run.folder.resolve().as_uri())
        self._waiting: list[Metric] = []
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME", "rsbench")
        known = self._client.get_experiment_by_name(name)
        experiment = self._client.create_experiment(name) if known is None else known.experiment_id
        self._id = self._client.create_run(experiment, run_name=run.label).info.run_id
        for key, value in {**run.config, "rsbench_key": run.key}.items():
            self._client.log_param(self._id, key, value)

    def log(self, step: int, scalars: Mapping[str, float]) -> None:
        """Add metrics to the batch; an epoch's end sends it."""
        if len(self._waiting) + len(scalars) > MOST:
            self._send()
        now_ms = int(1000 * time.time())
        self._waiting += [Metric(name, value, now_ms, step) for name, value in scalars.items()]
        if any(name.startswith("epoch/") for name in scalars):
            self._send()

    def end(self, result: Mapping[str, float] | None) -> None:
        """Add the result as metrics, and end the run as finished or failed."""
        self.log(0, result or {})
        self._send()
        self._client.set_terminated(self._id, "FINISHED" if result is not None else "FAILED")

    def _send(self) -> None:
        """Send the batch."""
        self._client.log_batch(self._id, metrics=self._waiting)
        self._waiting = []
