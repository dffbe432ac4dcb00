"""The host keeps one batch ahead."""

from __future__ import annotations

from rsbench.measure.clock import Clock
from rsbench.measure.pace import Pace


class Logged(Clock):
    """Writes down marks and whom the host waits for."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.made = 0

    def mark(self) -> int:
        self.made += 1
        self.log.append(f"launched {self.made}")
        return self.made

    def wait(self, mark: int) -> None:
        self.log.append(f"waited for {mark}")


def test_the_host_waits_for_the_batch_before_the_one_it_launched() -> None:
    clock = Logged()
    pace = Pace(clock)
    for _ in range(3):
        pace.keep()
    assert clock.log == ["launched 1", "launched 2", "waited for 1", "launched 3", "waited for 2"]
