"""Random generators go on where they stood."""

from __future__ import annotations

import io
import random

import numpy as np
import torch

from rsbench.checkpoints.random_state import random_state, set_random_state

CPU = torch.device("cpu")


def draws() -> list[float]:
    return [random.random(), random.gauss(), float(np.random.normal()), float(np.random.rand()), float(torch.rand(1))]


def test_all_generators_draw_again_what_they_drew() -> None:
    draws()  # an odd number of normal draws leaves one waiting in numpy and one in Python
    file = io.BytesIO()
    torch.save(random_state(CPU), file)
    first = draws()
    assert draws() != first
    file.seek(0)
    set_random_state(torch.load(file, weights_only=True), CPU)
    assert draws() == first
