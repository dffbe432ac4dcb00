"""Which algorithms a cell lets torch take."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import torch

from rsbench.launch import training
from rsbench.launch.process_state import ProcessState


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Leave this process as it was."""
    state = ProcessState()
    yield
    state.restore()


@pytest.mark.parametrize("deterministic", [True, False])
def test_a_fast_cell_may_time_kernels_and_add_in_any_order(deterministic: bool) -> None:
    precision = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    training._choose_algorithms(deterministic=not deterministic)  # what a cell before may have left
    training._choose_algorithms(deterministic=deterministic)
    assert torch.are_deterministic_algorithms_enabled() is deterministic
    assert torch.backends.cudnn.benchmark is not deterministic
    assert (torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32) == precision
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
