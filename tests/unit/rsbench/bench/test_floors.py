"""Floors do what they are called by."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from rsbench.bench import floors


def bucket(index: int, *tensors: torch.Tensor) -> Any:
    flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
    return SimpleNamespace(index=lambda: index, buffer=lambda: flat, gradients=lambda: tensors)


@pytest.mark.parametrize("compiled", [True, False])
def test_error_feedback_moves_all_gradients_into_what_is_kept(compiled: bool, monkeypatch: Any) -> None:
    kept = _spy(monkeypatch)
    work = floors.error_feedback_traffic(compiled)
    for value in (1.0, 2.0):
        given = bucket(0, torch.full((5,), value))
        work(given)
        assert given.buffer().tolist() == [0.0] * 5
    assert kept[0].tolist() == [3.0] * 5
    work(bucket(1, torch.ones(7)))
    assert kept[1].tolist() == [1.0] * 7, "another bucket is kept apart"


@pytest.mark.parametrize("compiled", [True, False])
def test_momentum_keeps_two_copies(compiled: bool, monkeypatch: Any) -> None:
    kept = _spy(monkeypatch)
    work = floors.momentum_traffic(compiled, 0.5)
    for _ in range(2):
        given = bucket(0, torch.full((3,), 2.0))
        work(given)
        assert given.buffer().tolist() == [0.0] * 3
    assert kept[0].tolist() == [3.0] * 3, "u: 2, then 0.5 * 2 + 2"
    assert kept[1].tolist() == [5.0] * 3, "v: 2, then 2 + 3"


def _spy(monkeypatch: Any) -> list[torch.Tensor]:
    """What is kept, in the order in which it is made."""
    kept: list[torch.Tensor] = []
    real = torch.zeros_like

    def zeros_like(like: torch.Tensor) -> torch.Tensor:
        kept.append(real(like))
        return kept[-1]

    monkeypatch.setattr(torch, "zeros_like", zeros_like)
    return kept


def test_products_are_of_filters_only(monkeypatch: Any) -> None:
    shapes: list[tuple[int, ...]] = []
    monkeypatch.setattr(floors, "filter_products", lambda gradients: shapes.extend(tuple(g.shape) for g in gradients))
    hook = floors.floor_hook(floors.PRODUCTS_FLOOR, compiled=False)
    hook._work(bucket(0, torch.ones(4, 3, 2, 2), torch.ones(8, 8), torch.ones(9)))
    assert shapes == [(4, 3, 2, 2)]
