"""Rankings that read nothing on the host, against those of CPUs."""

from __future__ import annotations

import math

import pytest
import torch
from no_host_reads import no_host_reads

from rsbench.compressors.blocks.layout import elements
from rsbench.compressors.density import device_rankings
from rsbench.compressors.density.policies import POLICIES


def layers() -> list[torch.Tensor]:
    rng = torch.Generator().manual_seed(0)
    shapes = {(40, 30, 3, 3): 0.1, (500, 31): 0.02, (64, 64): 1.0, (7,): 0.0}
    return [scale * torch.randn(shape, generator=rng) for shape, scale in shapes.items()]


@pytest.mark.parametrize("density", [0.0001, 0.01, 0.3, 1.0])
@pytest.mark.parametrize("policy", POLICIES)
def test_rankings_are_those_of_cpus(monkeypatch: pytest.MonkeyPatch, policy: str, density: float) -> None:
    parameters, ranking = layers(), POLICIES[policy]()
    right = ranking.importance(parameters, [elements(tuple(p.shape)) for p in parameters], density)
    monkeypatch.setattr(device_rankings, "_PIECE", 1000)
    with no_host_reads(monkeypatch):
        found = ranking.on_device(parameters, density)
    assert found.dtype == torch.float32
    assert found.tolist() == pytest.approx(right, rel=0.02, abs=3.0)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("policy", POLICIES)
def test_weights_that_are_not_finite_rank_nobody(policy: str, value: float) -> None:
    parameters = layers()
    parameters[1][3, 3] = value
    assert POLICIES[policy]().on_device(parameters, 0.01).isnan().all()


def test_the_threshold_is_exact() -> None:
    parameters = [torch.tensor([3.0, -5.0, 1.0, 5.0]), torch.tensor([[2.0, 0.0], [4.0, -3.0]])]
    for k, counts in {1: [2, 0], 2: [2, 0], 3: [2, 1], 4: [3, 2], 5: [3, 2], 6: [3, 3], 8: [4, 4]}.items():
        assert device_rankings.global_rank(parameters, k).tolist() == counts
