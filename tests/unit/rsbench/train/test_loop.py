"""What the loop remembers of a run."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rsbench.train.loop import Training

HOUR_S = 3600.0


def test_elapsed_time_is_that_of_training_steps_alone(
    make_training: Callable[..., Training], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each validation and each line of samples takes an hour of a made clock."""
    training, passed = make_training(max_steps=3), [0.0]
    real_clock, real_write, real_validate = time.perf_counter, training.log.write, training.task.validate
    training.per_epoch = 1
    monkeypatch.setattr(training, "_accuracy", lambda _: None)

    def write(kind: str, values: dict[str, Any]) -> None:
        passed[0] += HOUR_S
        real_write(kind, values)

    def validate(networks: Any) -> Any:
        passed[0] += HOUR_S
        return real_validate(networks)

    monkeypatch.setattr("rsbench.train.loop.time.perf_counter", lambda: real_clock() + passed[0])
    monkeypatch.setattr(training.log, "write", write)
    monkeypatch.setattr(training.task, "validate", validate)
    sections = training.run(tmp_path)
    elapsed_s = [entry["elapsed_s"] for entry in sections["history"]]
    assert len(elapsed_s) == 3 and passed[0] > 6 * HOUR_S
    assert 0 < elapsed_s[0] < elapsed_s[1] < elapsed_s[2] == sections["time"]["train_s"] < HOUR_S
