"""The example of rounds as it is written."""

from __future__ import annotations

from collections.abc import Callable


def test_the_example_trains_in_two_processes(check_example: Callable[..., None]) -> None:
    check_example("rounds_two_workers.py", torchrun=True)
