"""The loss of AR-CDNet: cross-entropy and Dice of each mask, and cross-entropy of the uncertainty."""

from __future__ import annotations

from typing import Final

import torch
from torch import nn

from rsbench.models.changes.base import UNKNOWN, change_cross_entropy, mean_of_known

DICE_EPS: Final = 1e-5
"""Added to both sides of Dice's fraction, so that it is 1 where there is no change to find and none is found."""


def dice(log_odds_BHW: torch.Tensor, labels_BHW: torch.Tensor) -> torch.Tensor:
    """Return Dice's coefficient over all marked pixels of a batch together, a scalar in 0..1; 1 without such pixels.

    Args:
        log_odds_BHW: log p/(1-p) of change.
        labels_BHW: 0, 1 or :data:`~rsbench.models.changes.base.UNKNOWN`.
    """
    probability = torch.sigmoid(log_odds_BHW) * (labels_BHW != UNKNOWN)
    change = (labels_BHW == 1).to(probability.dtype)
    return (2 * (probability * change).sum() + DICE_EPS) / (probability.sum() + change.sum() + DICE_EPS)


def masks_loss(log_odds_BMHW: torch.Tensor, labels_BHW: torch.Tensor) -> torch.Tensor:
    """Return the sum over the masks of cross-entropy and 1 - Dice, a scalar.

    Args:
        log_odds_BMHW: of change, one channel a mask.
        labels_BHW: 0, 1 or :data:`~rsbench.models.changes.base.UNKNOWN`.
    """
    masks = log_odds_BMHW.unbind(1)
    return torch.stack([change_cross_entropy(mask, labels_BHW) + 1 - dice(mask, labels_BHW) for mask in masks]).sum()


def uncertainty_loss(
    uncertainty_BHW: torch.Tensor, log_odds_BHW: torch.Tensor, labels_BHW: torch.Tensor
) -> torch.Tensor:
    """Return the mean cross-entropy of the uncertainty against how wrong the mask is, a scalar.

    A pixel of label y and probability p is wrong by y (1 - p) + p (1 - y). The mask is constant here: no gradient
    reaches it, so it is not trained to be predictably wrong.

    Args:
        uncertainty_BHW: log odds of being wrong.
        log_odds_BHW: of change, the mask that the uncertainty is of.
        labels_BHW: 0, 1 or :data:`~rsbench.models.changes.base.UNKNOWN`.
    """
    probability = torch.sigmoid(log_odds_BHW.detach())
    change = (labels_BHW == 1).to(probability.dtype)
    wrong = change * (1 - probability) + probability * (1 - change)
    losses = nn.functional.binary_cross_entropy_with_logits(uncertainty_BHW, wrong, reduction="none")
    return mean_of_known(losses, labels_BHW)
