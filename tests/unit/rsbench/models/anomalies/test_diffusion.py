"""The weights of the diffusion's one step against sums and products written out."""

from __future__ import annotations

import math

import pytest
import torch

from rsbench.models.anomalies.diffusion import Diffusion

BETAS = [1e-4 + (0.02 - 1e-4) * s / 999 for s in range(1000)]


def product(first: int, last: int) -> float:
    """Return the product of alpha_u over first <= u < last."""
    return math.prod(1 - beta for beta in BETAS[first:last])


def test_gamma_sums_the_noise_of_all_steps() -> None:
    g = sum(math.sqrt(BETAS[s] * product(s, 500)) for s in range(500))
    found = Diffusion.of("gamma")
    assert found.noise == pytest.approx(g, rel=1e-9) and g == pytest.approx(17.495, abs=5e-4)
    assert found.signal == pytest.approx(math.sqrt(product(0, 501)), rel=1e-9)
    assert found.signal == pytest.approx(0.2789, abs=5e-5)


def test_alpha_adds_up_to_a_variance_of_one() -> None:
    found = Diffusion.of("alpha")
    assert found.signal == Diffusion.of("gamma").signal
    assert found.signal**2 + found.noise**2 == pytest.approx(1, rel=1e-12)


def test_removing_the_noise_that_was_added_gives_the_spectra_back() -> None:
    spectra, noise = torch.rand(3, 7, dtype=torch.float64), torch.randn(3, 7, dtype=torch.float64)
    weights = Diffusion(signal=0.5, noise=3.0)
    noisy = weights.add(spectra, noise)
    torch.testing.assert_close(noisy, 0.5 * spectra + 3 * noise)
    torch.testing.assert_close(weights.remove(noisy, noise), spectra)
