"""Background learning: an adversarial auto-encoder that returns a pixel's background, whatever target is mixed in.

Three networks take a step in turn, each with its own gradients on the link: the auto-encoder learns to return the
background of spectra into which the target was mixed (target suppression), the discriminator to tell codes from the
prior, and the encoder, whose parameters are the auto-encoder's, to pass for the prior. See docs/gcc.md.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

import torch
from torch import nn
from torch.nn import functional

from rsbench.loaders.batches import Batch

NAME = "aae"
HIDDEN, CODE = 128, 16
IMPLANTED, MOST_FILL = 0.5, 0.5
"""The share of a batch that some target is mixed into, and the largest part of a pixel that it takes."""
RATE_FACTORS = {"discriminator": 0.1, "encoder": 0.1}
"""Adam takes steps of one size however small a loss is, so the adversarial game counts less by its learning rates."""
STEEPNESS = 10.0
"""The rise of the background suppression: at a coarse score of 0.1 it passes 63 %."""


class AutoEncoder(nn.Module):
    """Encoder and decoder of fully connected layers; ``forward`` returns code [N, 16] and spectra [N, B].

    Args:
        bands: of a spectrum.
    """

    def __init__(self, bands: int) -> None:
        super().__init__()
        self.encoder = _layers(bands, HIDDEN, HIDDEN, CODE)
        self.decoder = _layers(CODE, HIDDEN, HIDDEN, bands)

    def forward(self, spectra_NB: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (code, reconstruction) of scaled spectra."""
        code = self.encoder(spectra_NB)
        return code, self.decoder(code)


def _layers(*sizes: int) -> nn.Sequential:
    """Return fully connected layers with leaky rectifiers between them."""
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.LeakyReLU(0.01)]
    return nn.Sequential(*layers[:-1])


def build(bands: int) -> dict[str, nn.Module]:
    """Return the three networks in the order of a step; ``encoder`` is a part of ``autoencoder``.

    Args:
        bands: of a spectrum.
    """
    autoencoder = AutoEncoder(bands)
    return {"autoencoder": autoencoder, "discriminator": _layers(CODE, HIDDEN, 1), "encoder": autoencoder.encoder}


def losses(networks: Mapping[str, nn.Module], batch: Batch) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield the three losses of a step, the target mixed into half of the spectra.

    Args:
        networks: as :func:`build` gives them, wrapped or not.
        batch: scaled spectra [N, B] and the scaled target [B].
    """
    spectra, target = batch
    mixed = implant(spectra, target, random_fill(len(spectra), spectra.device))
    yield from adversarial_losses(networks, spectra, mixed)


def adversarial_losses(
    networks: Mapping[str, nn.Module], spectra: torch.Tensor, shown: torch.Tensor
) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield the three losses of a step.

    Args:
        networks: as :func:`build` gives them, wrapped or not.
        spectra: scaled spectra [N, B], which the auto-encoder is to return.
        shown: the same [N, B] as the auto-encoder sees them, such as with a target mixed in.
    """
    code, background = networks["autoencoder"](shown)
    yield "autoencoder", functional.mse_loss(background, spectra)

    codes = torch.cat([torch.randn_like(code), code.detach()])
    drawn = torch.arange(len(codes), device=codes.device).lt(len(code)).to(codes.dtype)[:, None]
    yield "discriminator", functional.binary_cross_entropy_with_logits(networks["discriminator"](codes), drawn)

    judged = _judge(networks["discriminator"], networks["encoder"](spectra))
    yield "encoder", functional.binary_cross_entropy_with_logits(judged, torch.ones_like(judged))


def _judge(discriminator: nn.Module, codes: torch.Tensor) -> torch.Tensor:
    """Return the discriminator's verdict, without a gradient for its parameters and past its wrapper."""
    bare: nn.Module = getattr(discriminator, "module", discriminator)
    frozen = {name: parameter.detach() for name, parameter in bare.named_parameters()}
    verdict: torch.Tensor = torch.func.functional_call(bare, frozen, (codes,))
    return verdict


def random_fill(samples: int, device: torch.device, rng: torch.Generator | None = None) -> torch.Tensor:
    """Return the part of each pixel that the target takes, [N, 1]: 0 for half of them, else uniform up to a half."""
    which, fill = torch.rand(2, samples, 1, generator=rng, device=device if rng is None else None).to(device)
    part: torch.Tensor = MOST_FILL * fill * which.lt(IMPLANTED)
    return part


def implant(spectra_NB: torch.Tensor, target_B: torch.Tensor, fill_N1: torch.Tensor) -> torch.Tensor:
    """Return pixels of which a part is replaced by the target, as linear mixing does."""
    return spectra_NB + fill_N1 * (target_B - spectra_NB)


def detect(
    spectra_NB: torch.Tensor, background_NB: torch.Tensor, target_B: torch.Tensor, coarse_N: torch.Tensor
) -> torch.Tensor:
    """Return scores of pixels: how well what is no background points at the target, times background suppression.

    The first is the cosine of the spectral angle between ``x - y`` and ``d - y``, with pixel x, its background y as the
    auto-encoder returns it, and target d: under linear mixing both point the same way wherever x holds some of d. The
    second is ``1 - exp(-10 c)``. Negative cosines and coarse scores count as 0, so that scores are within 0..1.

    Args:
        spectra_NB: scaled.
        background_NB: scaled.
        target_B: scaled.
        coarse_N: scores c of the coarse detection, 1 for the pure target.
    """
    towards = functional.cosine_similarity(spectra_NB - background_NB, target_B - background_NB, dim=1)
    return towards.clamp(min=0) * -torch.expm1(-STEEPNESS * coarse_N.clamp(min=0))
