"""Predicting samples batch by batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from rsbench.measure.clock import Clock
from rsbench.tasks import evaluate


class Numbers:
    """Reads samples of one feature, their position, labelled by whether it is odd."""

    def __init__(self, log: list[str]) -> None:
        self._log = log

    def read(self, positions: NDArray[np.int64], rng: torch.Generator | None) -> tuple[torch.Tensor, torch.Tensor]:
        self._log.append(f"read {positions[0]}")
        x = torch.from_numpy(positions)
        return x[:, None].float(), x % 2


class Logged(Clock):
    """Writes down whom the host waits for."""

    def __init__(self, log: list[str]) -> None:
        self._log, self._made = log, 0

    def mark(self) -> int:
        self._made += 1
        return self._made

    def wait(self, mark: int) -> None:
        self._log.append(f"wait for batch {mark}")


@pytest.mark.usefixtures("alone")
def test_each_sample_is_predicted_once_and_the_host_is_one_batch_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    log: list[str] = []
    monkeypatch.setattr(evaluate, "clock_for", lambda device: Logged(log))
    model = nn.Linear(1, 2)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[-1.0], [1.0]]))
        model.bias.copy_(torch.tensor([4.5, -4.5]))  # above 4.5 class 1 is the likelier
    answers = evaluate.predict(model, Numbers(log), np.arange(7), batch_size=3, bf16=False)
    assert answers["truth"].tolist() == [0, 1, 0, 1, 0, 1, 0]
    assert answers["predicted"].tolist() == [0, 0, 0, 0, 0, 1, 1]
    assert log == ["read 0", "read 3", "wait for batch 1", "read 6", "wait for batch 2"]
    assert model.training
