"""BSDM: its loss and its passes against NumPy, and data parallel that is exact."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rsbench.datasets.anomalies.detectors import detect
from rsbench.models.anomalies.bsdm import Bsdm, NoisePredictor
from rsbench.models.anomalies.diffusion import Diffusion
from rsbench.recipe.bsdm import MOST_PASSES

MEAN_STD = torch.tensor([0.4, 0.1])
"""Mean and standard deviation of the noise."""


def predictor(mode: str = "gamma", k: int = 3) -> NoisePredictor:
    torch.manual_seed(0)
    network = Bsdm().build(f"bsdm:mode={mode},k={k}", 12)[""]
    assert isinstance(network, NoisePredictor)
    return network


def batch(pixels: int = 8) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    return torch.rand(pixels, 12), 0.4 + 0.1 * torch.randn(pixels, 12)


@pytest.mark.parametrize("mode", ["gamma", "alpha"])
def test_the_loss_is_the_mean_square_of_predicted_less_drawn_noise(mode: str) -> None:
    network, (spectra, noise) = predictor(mode), batch()
    [(name, loss)] = Bsdm().losses({"": network}, (spectra, noise, MEAN_STD))
    weights = Diffusion.of(mode)  # type: ignore[arg-type]
    noisy = weights.signal * (spectra.numpy() - 0.4) + weights.noise * (noise.numpy() - 0.4)
    with torch.no_grad():
        predicted = network.denoiser(torch.from_numpy(noisy.astype(np.float32))).numpy() + 0.4
    assert name == "" and float(loss.detach()) == pytest.approx(
        float(((predicted - noise.numpy()) ** 2).mean()) / 0.1**2, rel=1e-5
    )


def test_k_passes_begin_with_the_original_spectra() -> None:
    network, (spectra, noise) = predictor(k=3), batch()
    weights, left = Diffusion.of("gamma"), spectra
    mean_of_noisy = 0.4 * (weights.signal + weights.noise)
    with torch.no_grad():
        for _ in range(3):
            left = (left - weights.noise * (network.denoiser(left - mean_of_noisy) + 0.4)) / weights.signal
        torch.testing.assert_close(
            Bsdm().suppress({"": network}, (spectra, noise, MEAN_STD)), left, rtol=1e-5, atol=1e-5
        )


def test_before_training_the_mean_of_the_noise_is_predicted() -> None:
    network, (spectra, noise) = predictor(), batch(64)
    [(_, loss)] = Bsdm().losses({"": network}, (spectra, noise, MEAN_STD))
    assert float(loss.detach()) == pytest.approx(float(((noise - 0.4) ** 2).mean()) / 0.1**2, rel=1e-5)


@pytest.mark.parametrize("mode", ["gamma", "alpha"])
def test_the_most_passes_leave_what_detectors_can_score(mode: str) -> None:
    network, spectra = predictor(mode, MOST_PASSES), torch.rand(60, 12)
    with torch.no_grad():
        left = Bsdm().suppress({"": network}, (spectra, torch.zeros_like(spectra), MEAN_STD)).numpy()
    for name, scores in detect(left, 6, 10).items():
        assert np.isfinite(scores).all(), name
    assert np.abs(left).max() > 1e16, "34 passes would leave the range"


def test_halves_of_a_batch_have_the_gradient_of_the_whole() -> None:
    network, (spectra, noise) = predictor(), batch()
    parts = [slice(0, 8), slice(0, 4), slice(4, 8)]
    losses, gradients = [], []
    for part in parts:
        network.zero_grad()
        loss = Bsdm().loss({"": network}, (spectra[part], noise[part], MEAN_STD))
        loss.backward()  # type: ignore[no-untyped-call]
        losses.append(float(loss.detach()))
        gradients.append(torch.cat([each.grad.flatten() for each in network.parameters() if each.grad is not None]))
    assert losses[0] == pytest.approx((losses[1] + losses[2]) / 2, abs=1e-6)
    torch.testing.assert_close(gradients[0], (gradients[1] + gradients[2]) / 2)


def test_a_record_says_what_was_fixed_before_the_run() -> None:
    facts = Bsdm().facts("bsdm:mode=alpha,k=4")
    assert (facts["mode"], facts["k"], facts["t"]) == ("alpha", 4, 500)
    assert facts["score"] == "RX after background suppression"
    assert facts["noise_weight"] == Diffusion.of("alpha").noise
