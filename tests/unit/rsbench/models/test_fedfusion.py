"""The network after FedFusion: what its subspaces keep, where gradients flow, and what is computed of what is sent."""

from __future__ import annotations

import pytest
import torch

from rsbench.errors import RsbenchError
from rsbench.models import patchnets
from rsbench.models.fedfusion import FedFusionNetwork, ShallowBranch, Subspace
from rsbench.recipe.fedfusion import FedFusion

SIZES = {"classes": 3, "bands": 11, "channels": 2}
BATCH = (torch.linspace(-1, 1, 4 * 11 * 81).view(4, 11, 9, 9).sin(), torch.linspace(-2, 2, 8 * 81).view(4, 2, 9, 9))


def built(text: str, side: int = 9) -> FedFusionNetwork:
    torch.manual_seed(0)
    network = patchnets.build(text, **SIZES, side=side)
    assert isinstance(network, FedFusionNetwork)
    return network


def noisy(samples: int = 6, side: int = 5) -> torch.Tensor:
    """Features whose positions lie near a space of three dimensions."""
    torch.manual_seed(1)
    strong = torch.randn(64, 3) * torch.tensor([5.0, 3.0, 2.0])
    return torch.einsum("dk,bkpq->bdpq", strong, torch.randn(samples, 3, side, side)) + 0.01 * torch.randn(
        samples, 64, side, side
    )


def test_gradients_flow_through_the_coordinates_only() -> None:
    subspace, features = Subspace(4), torch.randn(2, 64, 3, 3, requires_grad=True)
    weights = torch.randn(2, 4, 3, 3)
    (subspace(features) * weights).sum().backward()
    assert features.grad is not None
    expected = torch.einsum("dr,brpq->bdpq", subspace.basis_DR, weights)
    assert torch.allclose(features.grad, expected, atol=1e-6)
    assert (
        not list(subspace.parameters()) and not subspace.basis_DR.requires_grad and not subspace.gram_DD.requires_grad
    )


def test_the_basis_is_that_of_the_features_after_averaging() -> None:
    subspace, features = Subspace(3), noisy()
    drawn = subspace.basis_DR.clone()
    assert torch.allclose(drawn.T @ drawn, torch.eye(3), atol=1e-5)
    subspace(features)
    assert torch.equal(subspace.basis_DR, drawn)
    subspace.after_averaging()
    rows = features.movedim(1, 3).reshape(-1, 64)
    leading = torch.linalg.svd(rows, full_matrices=False).Vh[:3].T
    assert torch.allclose(subspace.basis_DR @ subspace.basis_DR.T, leading @ leading.T, atol=1e-4)
    kept = subspace.eval()(features).square().sum() / features.square().sum()
    assert kept == pytest.approx(1, abs=1e-3)


def test_the_basis_turns_as_little_as_it_must() -> None:
    subspace, features = Subspace(3), noisy()
    subspace(features)
    before = subspace.basis_DR.clone()
    subspace.after_averaging()
    overlap = before.T @ subspace.basis_DR  # symmetric with no negative eigenvalue: no turn brings it nearer
    assert torch.allclose(overlap, overlap.T, atol=1e-5) and torch.linalg.eigvalsh(overlap).min() > 0
    once = subspace.basis_DR.clone()
    subspace(features)
    subspace.after_averaging()
    assert torch.allclose(subspace.basis_DR, once, atol=1e-5)


def test_the_gram_matrix_is_a_running_mean_and_rests_in_evaluation() -> None:
    subspace = Subspace(2)
    first, second = noisy(2), noisy(3) + 1
    grams = [torch.einsum("bdpq,bepq->de", f, f) / (f.numel() / 64) for f in (first, second)]
    subspace(first)
    subspace(second)
    expected = 0.9 * 0.1 * grams[0] + 0.1 * grams[1]
    assert torch.allclose(subspace.gram_DD, expected, rtol=1e-4, atol=1e-3)
    subspace.eval()(first)
    assert torch.allclose(subspace.gram_DD, expected, rtol=1e-4, atol=1e-3)


def test_the_gram_matrix_stays_float32_under_autocast() -> None:
    under, plain = Subspace(2), Subspace(2)
    features = noisy()
    with torch.autocast("cpu", torch.bfloat16):
        under(features)
    plain(features)
    assert under.gram_DD.dtype == torch.float32 and torch.equal(under.gram_DD, plain.gram_DD)


def test_nothing_seen_leaves_the_drawn_basis() -> None:
    subspace = Subspace(5)
    before = subspace.basis_DR.clone()
    subspace.after_averaging()
    assert torch.equal(subspace.basis_DR, before)


def test_full_rank_equals_no_projection() -> None:
    full, kept = built("fedfusion:rank=full").eval(), built("fedfusion:rank=full").eval()
    kept.subspaces = torch.nn.ModuleList(Subspace(64) for _ in range(2)).eval()
    for subspace in kept.subspaces:
        assert isinstance(subspace, Subspace)
        subspace.basis_DR.copy_(torch.eye(64))
    assert torch.allclose(full(*BATCH), kept(*BATCH), atol=1e-6)
    assert not list(full.buffers())
    assert built("fedfusion:rank=64").options == full.options


@pytest.mark.parametrize(("join", "width", "maps"), [("cat", 2, 0), ("add", 1, 2), ("both", 3, 2)])
def test_the_head_sees_what_is_joined(join: str, width: int, maps: int) -> None:
    network = built(f"fedfusion:rank=5,join={join}")
    first = network.head[0]
    assert isinstance(first, torch.nn.Linear)
    assert first.in_features == 2 * 5 * width and len(network.maps) == maps
    assert network(*BATCH).shape == (4, 3)


def test_cascading_and_adding_are_of_the_coordinates() -> None:
    network = built("fedfusion:rank=5").eval()
    seen: list[torch.Tensor] = []
    network.head.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    network(*BATCH)
    hsi, aux = (s(f) for s, f in zip(network.subspaces, (network.hsi(BATCH[0]), network.aux(BATCH[1])), strict=True))
    joined = torch.cat([hsi, aux, network.maps[0](hsi) + network.maps[1](aux)], dim=1)
    assert torch.allclose(seen[0], torch.cat([joined[:, :, 2, 2], joined.mean(dim=(2, 3))], dim=1), atol=1e-6)


@pytest.mark.parametrize("side", [1, 3, 5, 7, 9, 11, 13])
def test_the_middle_holds_the_centre_pixel(side: int) -> None:
    network = built("fedfusion:rank=full,join=cat", side)
    pooled = -(-side // 2)
    assert ShallowBranch(2)(torch.randn(1, 2, side, side)).shape == (1, 64, pooled, pooled)
    assert network.positions == pooled**2
    assert 2 * network.middle <= side // 2 <= 2 * network.middle + 1


def test_the_record_tells_what_is_computed() -> None:
    assert built("fedfusion:rank=8").record_facts() == {
        "fedfusion": {
            "rank": 8,
            "join": "both",
            "modalities": 2,
            "features": 64,
            "positions": 25,
            "gram_bytes": 2 * 64 * 64 * 4,
            "coordinate_share": {"49": 8 * (49 + 64) / (49 * 64), "392": 8 * (392 + 64) / (392 * 64)},
        }
    }
    full = built("fedfusion:rank=full").record_facts()["fedfusion"]
    assert full["gram_bytes"] == 0 and full["coordinate_share"] == {"49": 1.0, "392": 1.0}


def test_options_are_refused_where_there_are_none() -> None:
    with pytest.raises(RsbenchError, match=r'fusion-cnn has no options, but "fusion-cnn:rank=8" gives "rank=8"'):
        patchnets.build("fusion-cnn:rank=8", **SIZES, side=9)
    with pytest.raises(RsbenchError, match='Did you mean "fedfusion"'):
        patchnets.build("fedfuson:rank=8", **SIZES, side=9)
    assert FedFusionNetwork(3, 11, 2, 9).options == FedFusion()
    assert patchnets.network_class("fedfusion:rank=8") is FedFusionNetwork
