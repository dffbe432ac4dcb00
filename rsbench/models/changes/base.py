"""What networks for change detection have in common: two dates in, maps out, and a loss of their own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import torch
from torch import nn

from rsbench.datasets.changes import tiles
from rsbench.errors import RsbenchError
from rsbench.models.weights import load, read_file
from rsbench.recipe.model_options import Option

UNKNOWN = tiles.UNKNOWN
"""The label of pixels that nobody marked; they never train and never count."""

Outputs = tuple[torch.Tensor, ...]
"""What a network gives for a batch: maps of the pictures' full size, each [B, ., H, W]."""


class ChangeNetwork(nn.Module):
    """A network on two pictures of the same place.

    DistributedDataParallel wraps :meth:`forward`; everything else is called on the bare network with what forward gave.
    A subclass has a constructor ``(channels, side, **options)``.

    Args:
        channels: of each picture.
        side: of a tile, in pixels.
    """

    options: ClassVar[Mapping[str, Option]] = {}
    """What may follow the network's name, by the constructor's keyword."""
    least_side: ClassVar[int] = 1
    """The smallest side of a tile that the network takes, in pixels."""

    def __init__(self, channels: int, side: int) -> None:
        super().__init__()

    def forward(self, before_BCHW: torch.Tensor, after_BCHW: torch.Tensor) -> Outputs:
        """Return maps [B, ., H, W] of the pictures' size, all of which the loss reaches."""
        raise NotImplementedError

    def loss_parts(
        self, outputs: Outputs, labels_BHW: torch.Tensor, class_weights: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        """Return the summands of the loss by name, each a scalar.

        Args:
            outputs: what forward gave.
            labels_BHW: 0, 1 or :data:`UNKNOWN`, which does not count.
            class_weights: of no change and change in the training part, [2]; a network may leave them aside.
        """
        raise NotImplementedError

    def loss(self, outputs: Outputs, labels_BHW: torch.Tensor, class_weights: torch.Tensor) -> torch.Tensor:
        """Return the sum of the loss's parts, a scalar; 0, with gradients, for a batch without a marked pixel."""
        return torch.stack(list(self.loss_parts(outputs, labels_BHW, class_weights).values())).sum()

    def probability(self, outputs: Outputs) -> torch.Tensor:
        """Return the probability of change of each pixel, float32 [B, H, W]."""
        raise NotImplementedError

    def uncertainty(self, outputs: Outputs) -> torch.Tensor | None:
        """Return how unsure the network says it is, float32 [B, H, W] in 0..1; None for a network that does not."""
        return None

    def load_weights(self, model: str, weights: str) -> None:
        """Take initial weights from a file.

        Args:
            model: the network's text, for the sentence.
            weights: what ``--weights`` says.

        Raises:
            RsbenchError: there is no such file, or its tensors do not fit.
        """
        if not Path(weights).exists():
            raise RsbenchError(
                f"--weights {weights}: there is no such file, and {model} has no published weights here; give a file "
                "saved with torch.save(model.state_dict(), FILE)."
            )
        self.take_weights(model, weights, read_file(Path(weights)))

    def take_weights(self, model: str, weights: str, given: dict[str, torch.Tensor]) -> None:
        """Take initial weights that were read from a file.

        Args:
            model: the network's text, for the sentence.
            weights: what ``--weights`` says, for the sentence.
            given: name -> tensor.

        Raises:
            RsbenchError: the tensors do not fit.
        """
        load(self, model, weights, given)


class LogitsNetwork(ChangeNetwork):
    """A network whose one output is logits: [B, 2, H, W] of no change and change, or [B, 1, H, W] of change alone.

    Its loss is the cross-entropy of the marked pixels, all of the same weight.
    """

    def loss_parts(
        self, outputs: Outputs, labels_BHW: torch.Tensor, class_weights: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        """Return the mean cross-entropy of the marked pixels."""
        return {"cross_entropy": change_cross_entropy(log_odds_of(outputs), labels_BHW)}

    def probability(self, outputs: Outputs) -> torch.Tensor:
        """Return the probability of change, [B, H, W]."""
        return log_odds_of(outputs).sigmoid()


def log_odds_of(outputs: Outputs) -> torch.Tensor:
    """Return log p/(1-p) of change in float32, [B, H, W]: the one logit, or the difference of the two."""
    logits = outputs[0].float()
    return logits[:, 0] if logits.shape[1] == 1 else logits[:, 1] - logits[:, 0]


def mean_of_known(values_BHW: torch.Tensor, labels_BHW: torch.Tensor) -> torch.Tensor:
    """Return the mean over the marked pixels, a scalar; 0, with gradients, where there are none."""
    known = (labels_BHW != UNKNOWN).to(values_BHW.dtype)
    return (values_BHW * known).sum() / known.sum().clamp(min=1)


def change_cross_entropy(log_odds_BHW: torch.Tensor, labels_BHW: torch.Tensor) -> torch.Tensor:
    """Return the mean binary cross-entropy of the marked pixels, all of the same weight.

    Args:
        log_odds_BHW: log p/(1-p) of change.
        labels_BHW: 0, 1 or :data:`UNKNOWN`.
    """
    target = (labels_BHW == 1).to(log_odds_BHW.dtype)
    losses = nn.functional.binary_cross_entropy_with_logits(log_odds_BHW, target, reduction="none")
    return mean_of_known(losses, labels_BHW)


def weighted_cross_entropy(
    log_odds_BHW: torch.Tensor, labels_BHW: torch.Tensor, class_weights: torch.Tensor
) -> torch.Tensor:
    """Return the mean over the marked pixels of binary cross-entropy times the weight of the pixel's class.

    The mean divides by the number of pixels, not by the sum of their weights, so it does not depend on how a set of
    tiles is cut into batches.

    Args:
        log_odds_BHW: log p/(1-p) of change.
        labels_BHW: 0, 1 or :data:`UNKNOWN`.
        class_weights: of no change and change, [2].
    """
    change = labels_BHW == 1
    losses = nn.functional.binary_cross_entropy_with_logits(
        log_odds_BHW, change.to(log_odds_BHW.dtype), reduction="none"
    )
    return mean_of_known(losses * torch.where(change, class_weights[1], class_weights[0]), labels_BHW)
