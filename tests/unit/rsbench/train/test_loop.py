"""What the loop remembers of a run."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rsbench.measure.step_times import SPLIT
from rsbench.train.loop import Training

HOUR_S = 3600.0


def test_elapsed_time_is_that_of_training_steps_alone(
    make_training: Callable[..., Training], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each validation and each line of samples takes an hour of a made clock."""
    training, passed = make_training(max_steps=3), [0.0]
    real_clock, real_write, real_validate = time.perf_counter, training.log.write, training.task.validate
    training.current.phase, training._epoch_end = replace(training.current.phase, per_epoch=1), 1
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


@pytest.mark.parametrize(
    ("sync", "stops", "exchanges"),
    [(None, [2, 4, 6], 6), ("accumulate:2", [2, 4, 6], 3), ("rounds:3", [3, 6], 2), ("rounds:4", [4, 6], 2)],
)
def test_validation_comes_at_the_first_exchange_at_or_after_an_epochs_end(
    sync: str | None, stops: list[int], exchanges: int, make_training: Callable[..., Training], tmp_path: Path
) -> None:
    sections = make_training(sync=sync).run(tmp_path)
    traffic, dense_bytes = sections["traffic"], sections["model"]["dense_bytes"]
    assert [entry["step"] for entry in sections["history"]] == stops
    assert (traffic["steps"], traffic["exchanges"]) == (6, exchanges)
    in_rounds = sync is not None and sync.startswith("rounds")
    sent = dense_bytes + (4 * 2 * 176 if in_rounds else 0)  # means and variances of the small VGG's batch norms
    assert traffic["payload_bytes_total"] == exchanges * sent
    assert traffic["dense_bytes_total"] == 6 * dense_bytes
    assert traffic["compression_ratio"] == 6 * dense_bytes / (exchanges * sent)
    assert traffic["payload_bytes_per_exchange"] == sent
    assert traffic["payload_bytes_per_step"] == pytest.approx(exchanges * sent / 6)
    assert traffic["steady_ratio"] == pytest.approx(traffic["compression_ratio"]), (
        "a short last round weighs what it is"
    )
    assert traffic["payload_bytes_per_sample"] == exchanges * sent / 24
    assert sections["time"]["steps_counted"] + sections["time"]["steps_skipped"] == 6
    calls = [call for phase in sections["exchange"]["phases"] for b in phase["buckets"] for call in b["calls"]]
    assert sum(call["per_step"] for call in calls) == (1 + in_rounds) / traffic["local_steps"]


def test_a_step_of_accumulated_batches_has_their_mean_learning_rate(
    make_training: Callable[..., Training], tmp_path: Path
) -> None:
    plain, accumulated = make_training(warmup_epochs=0.0), make_training(warmup_epochs=0.0, sync="accumulate:3")
    used = []
    step = accumulated.exchange._networks[""].optimizer.step  # type: ignore[attr-defined]
    group = accumulated.exchange._networks[""].optimizer.param_groups[0]  # type: ignore[attr-defined]
    accumulated.exchange._networks[""].optimizer.step = lambda: (used.append(group["lr"]), step())  # type: ignore[attr-defined]
    accumulated.run(tmp_path)
    rates = [plain.current.rate(number) for number in range(6)]
    assert used == pytest.approx([sum(rates[:3]) / 3, sum(rates[3:]) / 3])


@pytest.mark.parametrize("sync", ["accumulate:2", "rounds:2"])
def test_the_parts_of_a_step_add_up_where_several_share_an_exchange(
    sync: str, make_training: Callable[..., Training], tmp_path: Path
) -> None:
    times = make_training(sync=sync, epochs=1).run(tmp_path)["time"]
    assert sum(times[part] for part in SPLIT) == pytest.approx(times["step_time_s"])
    assert (times["round_s"] > 0) == sync.startswith("rounds")


def test_alone_rounds_are_plain_training(make_training: Callable[..., Training], tmp_path: Path) -> None:
    losses = [
        [entry["train_loss"] for entry in make_training(sync=sync).run(tmp_path)["history"]]
        for sync in (None, "rounds:2")
    ]
    assert losses[0] == pytest.approx(losses[1], abs=1e-6)


def test_a_row_says_that_rounds_switch_momentum_correction_off(
    make_training: Callable[..., Training], tmp_path: Path
) -> None:
    note = make_training(sync="rounds:2", compressor="dgc:density=0.1").run(tmp_path)["compressor"]["note"]
    assert "local optimizers own momentum" in note
