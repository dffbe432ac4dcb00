"""What one cell leaves in its process is not there for the next."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from rsbench.launch.process_state import ProcessState


@pytest.fixture
def state() -> Iterator[ProcessState]:
    found = ProcessState()
    yield found
    found.restore()


def test_environment_flags_and_types_are_put_back(state: ProcessState) -> None:
    threads = torch.get_num_threads()
    os.environ["RSBENCH_LEFT_BEHIND"] = "1"
    torch.backends.cudnn.benchmark = not torch.backends.cudnn.benchmark
    flag = torch.backends.cudnn.benchmark
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.set_default_dtype(torch.float64)
    torch.set_float32_matmul_precision("medium")
    torch.set_num_threads(threads + 1)
    state.restore()
    assert "RSBENCH_LEFT_BEHIND" not in os.environ and torch.backends.cudnn.benchmark is not flag
    assert not torch.are_deterministic_algorithms_enabled() and torch.get_default_dtype() == torch.float32
    assert torch.get_float32_matmul_precision() == "highest" and torch.get_num_threads() == threads


def test_generators_begin_anew(state: ProcessState) -> None:
    def draws() -> list[float]:
        return [torch.rand(()).item(), random.random(), float(np.random.rand())]

    state.restore()
    first, second = draws(), draws()
    state.restore()
    assert draws() == first != second
