"""The denoiser: its size, and its forward pass against one written in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from rsbench.models.anomalies.denoiser import LAYERS, Denoiser

Array = np.ndarray[Any, Any]


@pytest.mark.parametrize(("bands", "parameters"), [(193, 945_777), (188, 944_492)])
def test_its_size_follows_from_the_bands(bands: int, parameters: int) -> None:
    with torch.device("meta"):
        network = Denoiser(bands, 500)
    assert sum(each.numel() for each in network.parameters()) == parameters
    assert not list(network.buffers()), "buffers would be averaged and sent"


def test_it_predicts_what_the_formulas_say() -> None:
    torch.manual_seed(0)
    network = Denoiser(9, 500).double()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    weights = {name: each.detach().numpy() for name, each in network.named_parameters()}
    noisy = torch.randn(4, 9, dtype=torch.float64)
    with torch.no_grad():
        np.testing.assert_allclose(network(noisy), predicted(noisy.numpy(), weights), rtol=1e-9, atol=1e-9)


def predicted(x: Array, weights: dict[str, Array]) -> Array:
    """Return the noise that the network predicts, written from its description."""

    def linear(name: str, values: Array) -> Array:
        return values @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def norm(name: str, values: Array) -> Array:
        centred = values - values.mean(1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(1, keepdims=True) + 1e-5)
        return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    angles = 500 * 10_000.0 ** (-np.arange(64) / 64)
    time = np.concatenate([np.sin(angles), np.cos(angles)])
    time = linear("time.2", np.tanh(linear("time.0", time)))
    moments = np.stack([x.mean(1), x.std(1)], axis=1)
    features = linear("spectrum", x) + linear("offset.2", np.tanh(linear("offset.0", moments)))
    for at, (inputs, _, outputs) in enumerate(LAYERS):
        layer = f"layers.{at}"
        hidden = np.tanh(linear(f"{layer}.first.2", np.tanh(norm(f"{layer}.first.0", features))))
        inner = linear(f"{layer}.first.4", hidden) + linear(f"{layer}.time", time)
        skip = features if inputs == outputs else linear(f"{layer}.skip", features)
        features = linear(f"{layer}.second.2", np.tanh(norm(f"{layer}.second.0", inner))) + skip
    return linear("last.1", np.tanh(features))
