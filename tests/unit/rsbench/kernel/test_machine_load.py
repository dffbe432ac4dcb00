from __future__ import annotations

from pathlib import Path

import pytest

from rsbench.kernel.machine_load import cpu_time


def test_a_core_is_busy_with_what_it_does_and_what_is_stolen_from_it(tmp_path: Path) -> None:
    """user 100, nice 20, system 30, idle 1000, iowait 500, hard 1, soft 2, stolen 7 ticks of 10 ms."""
    statistics = tmp_path / "stat"
    statistics.write_text("cpu  100 20 30 1000 500 1 2 7 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n")
    assert cpu_time(statistics).busy_s == pytest.approx(1.60)


def test_a_kernel_that_says_nothing_is_not_guessed_at(tmp_path: Path) -> None:
    assert cpu_time(tmp_path / "missing").busy_s is None


def test_own_time_grows_with_work() -> None:
    before = cpu_time()
    sum(range(3_000_000))
    after = cpu_time()
    assert after.own_s > before.own_s
    assert after.wall_s > before.wall_s
