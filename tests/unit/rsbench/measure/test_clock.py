"""Clocks: which one is taken, and whom the host waits for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from rsbench.measure.clock import Clock, CudaClock, clock_for


def test_a_cpus_marks_are_read_at_once_and_a_gpus_a_step_late() -> None:
    assert [(type(clock), clock.lag) for clock in map(clock_for, ("cpu", "cuda:1"))] == [(Clock, 0), (CudaClock, 1)]


def test_seconds_of_a_cpu_pass_between_its_marks() -> None:
    clock = Clock()
    begin, end = clock.mark(), clock.mark()
    clock.wait(end)
    assert 0 <= clock.seconds(begin, end) < 1


def test_the_host_waits_for_an_old_event_and_never_for_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[str] = []
    event: Any = SimpleNamespace(
        synchronize=lambda: waited.append("event"), elapsed_time=lambda end: end.at_ms - 500.0, at_ms=2000.0
    )
    monkeypatch.setattr(torch.cuda, "synchronize", lambda *_: pytest.fail("waited for the device"))
    clock = CudaClock()
    clock.wait(event)
    assert waited == ["event"]
    assert clock.seconds(event, event) == 1.5
