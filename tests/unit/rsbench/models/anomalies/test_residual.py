"""The auto-encoder without a target: nothing is implanted, and its residual is the score."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rsbench.errors import RsbenchError
from rsbench.models.anomalies.names import suppression_of, trains
from rsbench.models.anomalies.residual import Residual

SPECTRA = torch.linspace(-1, 1, 40).reshape(5, 8)


def test_a_step_trains_three_networks_on_the_spectra_as_they_are() -> None:
    torch.manual_seed(0)
    networks = Residual().build("aae", 8)
    losses = dict(Residual().losses(networks, (SPECTRA,)))
    assert list(losses) == ["autoencoder", "discriminator", "encoder"]
    returned = networks["autoencoder"](SPECTRA)[1].detach()
    expected = float(((returned - SPECTRA) ** 2).mean())
    assert float(losses["autoencoder"]) == pytest.approx(expected, rel=1e-6)
    assert float(Residual().loss(networks, (SPECTRA,))) == pytest.approx(expected, rel=1e-6)
    left = Residual().suppress(networks, (SPECTRA,)).detach()
    torch.testing.assert_close(left, SPECTRA - returned)
    np.testing.assert_allclose(Residual().score(left.numpy(), {}), np.sqrt((left.numpy() ** 2).sum(1)), rtol=1e-6)


def test_methods_are_found_by_name_and_by_their_networks() -> None:
    for name in ("bsdm:k=3", "aae"):
        method = suppression_of(name)
        assert trains(method.build(name, 6)) is method and name.startswith(method.name)


@pytest.mark.parametrize(
    ("model", "words"), [("aea", r"no model 'aea' for anomaly detection.*aae"), ("aae:k=2", "aae takes none")]
)
def test_other_models_are_refused(model: str, words: str) -> None:
    with pytest.raises(RsbenchError, match=words):
        suppression_of(model).build(model, 6)
