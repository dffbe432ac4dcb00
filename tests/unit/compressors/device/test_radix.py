"""The k highest of many tensors at once, against sorting."""

from __future__ import annotations

import math

import pytest
import torch

from rsbench.compressors.device.radix import ROW, highest, keys_of, segments


@pytest.mark.parametrize("kind", ["normal", "ties", "equal", "zero", "nan"])
def test_the_highest_are_those_of_a_stable_sort(kind: str) -> None:
    blocks, counts = [5, ROW, 3 * ROW + 7, 900], [2, 100, 1, 899]
    table, rng = segments(blocks, counts, torch.device("cpu")), torch.Generator().manual_seed(0)
    scores = torch.zeros(table.rows * ROW)
    right = []
    for start, number, k in zip(table.starts, blocks, counts, strict=True):
        x = torch.randn(number, generator=rng)
        x = {"normal": x, "ties": (2 * x).round(), "equal": torch.full_like(x, 0.3), "zero": 0 * x, "nan": x}[kind]
        if kind == "nan":
            x[::3], x[1::5] = math.nan, math.inf
        scores[start : start + number] = x
        order = x.abs().nan_to_num(nan=math.inf).sort(descending=True, stable=True).indices
        right.append(order[:k].sort().values)
    assert torch.equal(highest(keys_of(scores), table), torch.cat(right))
