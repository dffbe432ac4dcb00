"""ResNet-18-D: its maps, and that it is the network which ImageNet weights are published for."""

from __future__ import annotations

import pytest
import torch

from rsbench.models.changes.resnet_d import ResNet18D


@pytest.mark.parametrize(("side", "sides"), [(64, [16, 8, 4, 2]), (75, [19, 10, 5, 3])])
def test_maps_halve_and_double_their_channels(side: int, sides: list[int]) -> None:
    maps = ResNet18D(4, width=8)(torch.randn(1, 4, side, side))
    assert [tuple(one.shape) for one in maps] == [(1, 8 * 2**level, side, side) for level, side in enumerate(sides)]


@pytest.mark.long
def test_it_has_the_tensors_and_the_maps_of_timms() -> None:
    timm = pytest.importorskip("timm")
    torch.manual_seed(0)
    theirs = timm.create_model("resnet18d").eval()
    ours = ResNet18D(3).eval()
    ours.load_state_dict({name: value for name, value in theirs.state_dict().items() if not name.startswith("fc.")})
    pictures = torch.randn(1, 3, 75, 75)
    maps = theirs.forward_intermediates(pictures, indices=[1, 2, 3, 4], intermediates_only=True)
    for own, other in zip(ours(pictures), maps, strict=True):
        assert torch.allclose(own, other, atol=1e-4)
