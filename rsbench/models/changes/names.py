"""The networks for change detection by the name that ``--model`` takes."""

from __future__ import annotations

import math

from rsbench.errors import RsbenchError, did_you_mean
from rsbench.models.changes.ar_cdnet import ArCdNet
from rsbench.models.changes.base import ChangeNetwork
from rsbench.models.changes.fc_siam import FcSiamConc, FcSiamDiff
from rsbench.recipe.model_options import read_options
from rsbench.recipe.model_text import parse_model

NETWORKS: dict[str, type[ChangeNetwork]] = {
    "fc-siam-conc": FcSiamConc,
    "fc-siam-diff": FcSiamDiff,
    "ar-cdnet": ArCdNet,
}
"""Networks by name; options may follow a colon."""
_STEP = 16
"""Sides of tiles that a message advises are multiples of it, in pixels."""


def build(model: str, *, channels: int, side: int, weights: str | None = None) -> ChangeNetwork:
    """Build a network; draws from torch's global generator, works on the meta device.

    Args:
        model: name in :data:`NETWORKS`, with ``:key=value,...`` where it has options.
        channels: of each of the two pictures.
        side: of a tile, in pixels.
        weights: what ``--weights`` says; None for random ones.

    Raises:
        RsbenchError: there is no such network, option or file of weights, or tiles are too small for the network.
    """
    text = parse_model(model)
    if text.place or text.name not in NETWORKS:
        raise RsbenchError(f'There is no model "{model}" for change detection.{did_you_mean(text.name, NETWORKS)}')
    network_class = NETWORKS[text.name]
    if side < network_class.least_side:
        raise RsbenchError(
            f"--image-size {side} is too small for {text.name}, which needs tiles of at least "
            f"{network_class.least_side} px: add --image-size {_STEP * math.ceil(network_class.least_side / _STEP)}."
        )
    network = network_class(channels, side, **read_options(text.name, dict(text.parameters), network_class.options))
    if weights is not None:
        network.load_weights(model, weights)
    return network
