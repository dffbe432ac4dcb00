"""The Accelerate example as it is written."""

from __future__ import annotations

from collections.abc import Callable

import pytest

pytest.importorskip("accelerate")


def test_the_example_trains_in_two_processes(check_example: Callable[..., None]) -> None:
    check_example("accelerate_two_workers.py", torchrun=True)
