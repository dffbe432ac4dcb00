"""Distances of filters at the edges of float32; what they choose is tested beside GCC."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rsbench.compressors.blocks.layout import filters
from rsbench.compressors.selection import centroid
from rsbench.compressors.selection.centroid import distances, filter_products


@pytest.mark.parametrize("largest", [1e-38, 1e-20, 1.0, 1e20, 3e38])
def test_distances_are_those_of_double_precision_at_any_scale(largest: float) -> None:
    x = torch.randn(20, 3, 5, generator=torch.Generator().manual_seed(0))
    x *= largest / float(x.abs().max())
    rows = x.flatten(1).double()
    right = torch.cdist(rows, rows).sum(1)
    found = distances(x.flatten(), filters((20, 3, 5))).double()
    ratio = found / right
    assert torch.allclose(ratio, ratio[0], rtol=1e-5, atol=0), "up to a common factor"
    assert float(torch.log2(ratio[0])) == pytest.approx(round(float(torch.log2(ratio[0]))), abs=1e-5), "a power of two"


def test_equal_filters_are_at_distance_zero() -> None:
    found = distances(torch.tensor([0.1, 0.7, -3.0]).repeat(8), filters((8, 3, 1, 1)))
    assert float(found.max()) < 1e-3
    assert not distances(torch.zeros(24), filters((8, 3, 1, 1))).any()


def test_the_floor_multiplies_each_filter_with_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    done, products = [], centroid._products
    monkeypatch.setattr(centroid, "_products", lambda rows: done.append(products(rows)))
    gradients = [torch.randn(6, 4, 3, 3), torch.randn(5, 7)]
    filter_products(gradients)
    for found, gradient in zip(done, gradients, strict=True):
        rows = gradient.flatten(1).numpy()
        assert np.allclose(found.numpy(), np.einsum("ik,jk->ij", rows, rows), atol=1e-4)
