"""Background learning: what is mixed in, what is scored, what learns."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rsbench.compressors import parse
from rsbench.models import autoencoder
from rsbench.tasks.targets import TargetDetection

CPU = torch.device("cpu")


def test_half_of_the_pixels_get_up_to_half_a_target() -> None:
    fill = autoencoder.random_fill(20_000, CPU, torch.Generator().manual_seed(0))
    assert fill.shape == (20_000, 1)
    some = fill[fill > 0]
    assert len(some) / 20_000 == pytest.approx(0.5, abs=0.02)
    assert some.max() <= 0.5 and some.mean() == pytest.approx(0.25, abs=0.01)


def test_mixing_is_linear() -> None:
    x, d = torch.rand(3, 5), torch.rand(5)
    mixed = autoencoder.implant(x, d, torch.tensor([[0.0], [0.25], [1.0]]))
    torch.testing.assert_close(mixed, torch.stack([x[0], 0.75 * x[1] + 0.25 * d, d]))


def test_scores_find_the_direction_from_background_to_target() -> None:
    torch.manual_seed(0)
    y, d = torch.randn(4, 30), torch.randn(30)
    fill = torch.tensor([[0.0], [0.1], [0.4], [-0.4]])
    x = autoencoder.implant(y, d, fill)
    score = autoencoder.detect(x, y, d, torch.full((4,), 0.2))
    torch.testing.assert_close(score, (1 - np.exp(-2)) * torch.tensor([0.0, 1, 1, 0]), rtol=1e-5, atol=1e-6)


def test_coarse_scores_suppress_background_smoothly() -> None:
    y, d = torch.zeros(5, 3), torch.ones(3)
    coarse = torch.tensor([-0.3, 0.0, 0.05, 0.1, 1.0])
    score = autoencoder.detect(0.1 * d.expand(5, 3), y, d, coarse)
    np.testing.assert_allclose(score, 1 - np.exp(-10 * np.maximum(coarse.numpy(), 0)), rtol=1e-4)


def test_networks_share_the_encoder_and_losses_come_in_order() -> None:
    networks = autoencoder.build(12)
    assert networks["encoder"] is networks["autoencoder"].encoder
    batch = TargetDetection.example({"bands": 12}, image_size=1, samples=4)
    assert [tuple(part.shape) for part in batch] == [(4, 12), (12,)]
    batch = torch.rand(4, 12), torch.rand(12)
    assert [name for name, _ in autoencoder.losses(networks, batch)] == list(networks)


def test_training_teaches_to_return_the_background() -> None:
    """Background on two dimensions: after some steps the returned spectrum holds less target than the given one."""
    torch.manual_seed(1)
    basis, target = torch.randn(2, 12), torch.randn(12)
    networks = autoencoder.build(12)
    optimizers = {
        name: torch.optim.Adam(network.parameters(), lr=3e-3 * autoencoder.RATE_FACTORS.get(name, 1))
        for name, network in networks.items()
    }
    for _ in range(150):
        batch = torch.randn(64, 2) @ basis, target
        for name, loss in autoencoder.losses(networks, batch):
            optimizers[name].zero_grad()
            loss.backward()
            optimizers[name].step()
    y = torch.randn(200, 2) @ basis
    with torch.no_grad():
        _, returned = networks["autoencoder"](autoencoder.implant(y, target, torch.full((200, 1), 0.4)))
    given = (0.4 * (target - y)).square().mean()
    assert (returned - y).square().mean() < 0.3 * given


@pytest.mark.parametrize("bands", [72, 200])
def test_gcc_halves_the_bytes_of_all_three_networks(bands: int) -> None:
    shapes = {
        f"{name}.{key}": tuple(p.shape)
        for name, net in autoencoder.build(bands).items()
        for key, p in net.named_parameters()
    }
    gcc, none = parse("gcc"), parse("none")
    assert gcc.total_payload_bytes(shapes, 1000) < 0.55 * none.total_payload_bytes(shapes, 1000)
