"""Networks on patches: which parameters they have, and which inputs they see."""

from __future__ import annotations

import pytest
import torch

from rsbench.errors import RsbenchError
from rsbench.models import patchnets
from rsbench.tasks.pixels import PixelClassification

INPUTS = {"classes": 3, "hsi_bands": 11, "aux_channels": 2}


@pytest.mark.parametrize("samples", [1, 16])
@pytest.mark.parametrize("side", [1, 3, 7, 9, 11])
@pytest.mark.parametrize("model", patchnets.NETWORKS)
def test_every_parameter_gets_a_gradient(model: str, side: int, samples: int) -> None:
    torch.manual_seed(0)
    networks = PixelClassification.build(model, INPUTS, image_size=side)
    sides = (side, side)
    batch = (torch.randn(samples, 11, *sides), torch.randn(samples, 2, *sides), torch.randint(3, (samples,)))
    ((name, loss),) = PixelClassification.losses(networks, batch)
    loss.backward()
    assert name == "" and torch.isfinite(loss)
    for key, parameter in networks[""].named_parameters():
        assert parameter.grad is not None, key
        assert samples == 1 or parameter.grad.abs().sum() > 0, key


@pytest.mark.parametrize("model", patchnets.NETWORKS)
def test_few_elements_are_one_dimensional(model: str) -> None:
    inputs = {"classes": 12, "hsi_bands": 369, "aux_channels": 1}
    network = PixelClassification.build(model, inputs, image_size=9)[""]
    one_d = sum(p.numel() for p in network.parameters() if p.dim() < 2)
    assert one_d == 12 and sum(p.numel() for p in network.parameters()) > 1000 * one_d


@pytest.mark.parametrize(("model", "other"), [("hsi-cnn", 1), ("aux-cnn", 0)])
def test_networks_of_one_modality_do_not_see_the_other(model: str, other: int) -> None:
    network = patchnets.build(model, classes=3, bands=11, channels=2, side=5).eval()
    inputs = [torch.randn(2, 11, 5, 5), torch.randn(2, 2, 5, 5)]
    before = network(*inputs)
    inputs[other] = torch.full_like(inputs[other], torch.nan)
    assert torch.equal(network(*inputs), before)


@pytest.mark.parametrize("model", ["fusion-cnn", "sst", "fedfusion"])
def test_fusion_sees_both(model: str) -> None:
    network = patchnets.build(model, classes=3, bands=11, channels=2, side=5).eval()
    hsi, aux = torch.randn(2, 11, 5, 5), torch.randn(2, 2, 5, 5)
    before = network(hsi, aux)
    assert not torch.equal(network(hsi + 1, aux), before) and not torch.equal(network(hsi, aux + 1), before)


@pytest.mark.parametrize("model", patchnets.NETWORKS)
def test_a_cube_alone_trains_what_needs_no_more(model: str) -> None:
    sizes = {"classes": 3, "bands": 11, "channels": 0, "side": 5}
    if model in ("fusion-cnn", "aux-cnn", "fedfusion"):
        with pytest.raises(RsbenchError, match=rf"{model} needs two modalities.*\(hsi-cnn, sst\)"):
            patchnets.build(model, **sizes)
        return
    network = patchnets.build(model, **sizes)
    logits = network(torch.randn(2, 11, 5, 5), torch.randn(2, 0, 5, 5))
    logits.sum().backward()
    assert logits.shape == (2, 3) and all(p.grad is not None and p.numel() for p in network.parameters())
