"""Own models for change detection: any module that takes two pictures and returns logits."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from rsbench.models import own
from rsbench.models.changes.base import LogitsNetwork, Outputs, change_cross_entropy
from rsbench.models.trial import Wanted


class OwnLogits(LogitsNetwork):
    """The loss and the maps of an own model, which keeps its parameters and their names.

    Args:
        network: takes two pictures [B, C, H, W] and returns logits [B, 1 or 2, H, W].
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__(channels=0, side=0)
        self.network = network

    def forward(self, before_BCHW: torch.Tensor, after_BCHW: torch.Tensor) -> Outputs:
        """Return the network's logits as the only output."""
        return (self.network(before_BCHW, after_BCHW),)


def build(model: str, inputs: Mapping[str, int], *, image_size: int, weights: str | None) -> nn.Module:
    """Import and call an own model.

    Args:
        model: as ``--model`` takes it; its callable may take ``num_classes`` (2), ``in_channels`` and ``image_size``.
        inputs: sizes of the data.
        image_size: side of a tile, in pixels.
        weights: a file of a state dict; None keeps the callable's own values.

    Raises:
        RsbenchError: one sentence on what the code did wrong.
    """
    sizes = {"num_classes": inputs["classes"], "in_channels": inputs["channels"], "image_size": image_size}
    return own.build(model, sizes, weights=weights)


def wanted(*, image_size: int, samples: int) -> Wanted:
    """Return what an own model's output has to look like."""
    one, two = ((samples, channels, image_size, image_size) for channels in (1, 2))
    return Wanted(
        shapes=(two, one),
        words="for every pixel the logits of no change and of change, or one logit of change",
        loss=_loss,
    )


def _loss(logits: torch.Tensor) -> torch.Tensor:
    """Return a loss that reaches all logits; on the meta device, too."""
    log_odds = logits[:, -1] - logits[:, 0] if logits.shape[1] == 2 else logits[:, 0]
    return change_cross_entropy(log_odds, torch.zeros_like(log_odds, dtype=torch.int64))
