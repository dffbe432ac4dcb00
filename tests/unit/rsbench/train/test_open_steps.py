"""On a device that runs behind the host, steps are read late; a made clock stands in for a GPU's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from rsbench.errors import NotFiniteError
from rsbench.measure.clock import Clock
from rsbench.results.folder import CellFolder
from rsbench.train import open_steps
from rsbench.train.exchange import Stats
from rsbench.train.loop import Training
from rsbench.train.open_steps import OpenStep

STEPS = 5
"""Of a run whose epochs have 2: the last is cut short."""


@dataclass
class DeviceClock(Clock):
    """Marks are numbered; none can be read before it was waited for, or one after it.

    Attributes:
        log: ``launched`` for each step, and ``read`` where the host waits for the marks of one more.
    """

    lag = 1
    log: list[str] = field(default_factory=list)
    made: int = 0
    waited_for: int = 0
    ends: list[int] = field(default_factory=list)

    def mark(self) -> int:
        self.made += 1
        return self.made

    def launched(self, number: int) -> None:
        self.ends.append(self.made)
        self.log.append(f"launched {number}")

    def wait(self, mark: int) -> None:
        self.waited_for = max(self.waited_for, mark)
        over = sum(self.waited_for >= end for end in self.ends)
        read = sum(entry.startswith("read") for entry in self.log)
        self.log += [f"read {number}" for number in range(read, over)]

    def seconds(self, start: int, end: int) -> float:
        if max(start, end) > self.waited_for:
            raise RuntimeError(f"mark {max(start, end)} was read although the device had not passed it")
        return float(end - start)


class NoScalars(TorchDispatchMode):
    """Raises where an operation hands a number to the host."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if "_local_scalar_dense" in str(func) or "is_nonzero" in str(func):
            raise RuntimeError("a number was read on the host while the device computed")
        return func(*args, **(kwargs or {}))


def on_device(training: Training, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Training:
    """Return the run with another clock, which is told of launched steps."""
    real_launch = training.exchange.launch

    def launch(step: int, steps: int, batches: Iterator[Any]) -> list[tuple[OpenStep, Stats]]:
        launched = real_launch(step, steps, batches)
        if isinstance(clock, DeviceClock):
            for number in range(step, step + len(launched)):
                clock.launched(number)
        return launched

    monkeypatch.setattr(training.compressor.hook, "clock", clock)
    monkeypatch.setattr(training.exchange, "launch", launch)
    monkeypatch.setattr(training, "_accuracy", lambda _: None)
    return training


def samples(tmp_path: Path) -> list[dict[str, Any]]:
    """Return the raw samples of steps."""
    lines = CellFolder(tmp_path).samples.read_text(encoding="utf-8").splitlines()
    return [sample for sample in map(json.loads, lines) if sample["kind"] == "step"]


def test_each_step_is_read_when_the_next_is_launched_and_the_last_of_an_epoch_at_its_end(
    make_training: Callable[..., Training], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, beats = DeviceClock(), list[str]()
    monkeypatch.setattr(open_steps, "beat", beats.append)
    training = on_device(make_training(max_steps=STEPS), clock, monkeypatch)
    sections = training.run(tmp_path)
    first = ["launched 0", "launched 1", "read 0", "read 1"]
    assert clock.log == [*first, "launched 2", "launched 3", "read 2", "read 3", "launched 4", "read 4"]
    assert beats == [f"wait for the GPU to end step {number}" for number in range(1, STEPS + 1)]
    assert sections["time"]["steps_counted"] + sections["time"]["steps_skipped"] == STEPS
    assert sections["traffic"]["steps"] == STEPS


def test_a_long_epoch_is_at_most_one_step_ahead(
    make_training: Callable[..., Training], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = DeviceClock()
    on_device(make_training(batch_size=2, epochs=1), clock, monkeypatch).run(tmp_path)
    late = [f"{word} {number + one}" for number in range(3) for word, one in (("launched", 1), ("read", 0))]
    assert clock.log == ["launched 0", *late, "read 3"]


def test_numbers_and_their_order_are_those_of_a_run_that_reads_at_once(
    make_training: Callable[..., Training], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    for clock in (Clock(), DeviceClock()):
        training = on_device(make_training(max_steps=STEPS), clock, monkeypatch)
        history = training.run(tmp_path)["history"]
        numbers = ("step", "epoch", "loss", "lr", "payload_bytes", "warmup")
        kept = [{name: entry[name] for name in ("step", "train_loss", "payload_bytes_total")} for entry in history]
        seen.append(([[sample[name] for name in numbers] for sample in samples(tmp_path)], kept))
    assert seen[0] == seen[1]
    assert [sample[0] for sample in seen[0][0]] == list(range(STEPS))


def test_the_parts_of_a_step_add_up_on_the_devices_clock(
    make_training: Callable[..., Training], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_device(make_training(max_steps=STEPS), DeviceClock(), monkeypatch).run(tmp_path)
    parts = ("data_s", "forward_s", "backward_s", "compress_s", "wait_s", "decompress_s", "optimizer_s", "other_s")
    for sample in samples(tmp_path):
        assert sum(sample[part] for part in parts) == sample["step_time_s"]
        assert sample["other_s"] == 1, "the made clock's tick between the last two marks"


@pytest.mark.parametrize("sync", [None, "rounds:2:nesterov"])
def test_no_number_is_read_on_the_host_between_the_batch_and_the_next_steps_launch(
    sync: str | None, make_training: Callable[..., Training], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, real_list = DeviceClock(), torch.Tensor.tolist
    training = on_device(make_training(max_steps=STEPS, clip_norm=1.0, sync=sync), clock, monkeypatch)
    read: list[int] = []

    def listed(tensor: torch.Tensor) -> Any:
        if tensor.dtype == torch.float32:  # others are positions, and what ranks compare when all steps are over
            read.append(clock.ends.index(clock.waited_for))
        return real_list(tensor)

    def never(*_: Any) -> Any:
        raise RuntimeError("a number was read on the host while the device computed")

    monkeypatch.setattr(torch.Tensor, "tolist", listed)
    for name in ("item", "cpu", "__float__", "__int__"):
        monkeypatch.setattr(torch.Tensor, name, never)
    with NoScalars():
        training._train_until(2)
    assert read == [0, 1], "each loss when the mark behind its copy, the step's last, was waited for"


@pytest.mark.parametrize(("clock", "launched"), [(Clock(), 1), (DeviceClock(), 2)])
def test_a_loss_that_is_no_number_stops_the_run_at_most_a_step_late(
    clock: Clock,
    launched: int,
    make_training: Callable[..., Training],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    training, begun = make_training(batch_size=2), list[int]()
    real_losses = training.task.losses

    def losses(*args: Any, **kwargs: Any) -> Iterator[tuple[str, torch.Tensor]]:
        begun.append(training.step)
        for name, loss in real_losses(*args, **kwargs):
            yield name, loss * (float("nan") if training.step == 1 else 1.0)

    monkeypatch.setattr(training.task, "losses", losses)
    with pytest.raises(NotFiniteError, match=r"^The loss became nan around step 2; training diverged: lower --lr"):
        on_device(training, clock, monkeypatch).run(tmp_path)
    assert begun == list(range(launched + 1)), "none was launched after it was read"


def test_a_loss_that_is_no_number_in_an_epochs_last_step_stops_the_run_before_validation(
    make_training: Callable[..., Training], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = make_training()
    real_losses = training.task.losses

    def losses(*args: Any, **kwargs: Any) -> Iterator[tuple[str, torch.Tensor]]:
        for name, loss in real_losses(*args, **kwargs):
            yield name, loss * (float("inf") if training.step == 1 else 1.0)

    monkeypatch.setattr(training.task, "losses", losses)
    monkeypatch.setattr(training.task, "validate", lambda _: pytest.fail("validated"))
    with pytest.raises(NotFiniteError, match=r"^The loss became inf around step 2;"):
        on_device(training, DeviceClock(), monkeypatch).run(tmp_path)
