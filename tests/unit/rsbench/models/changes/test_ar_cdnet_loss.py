"""AR-CDNet's loss against plain NumPy, written from the formulas."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from rsbench.models.changes.ar_cdnet_loss import dice, masks_loss, uncertainty_loss
from rsbench.models.changes.base import UNKNOWN

Floats = NDArray[np.float64]
MASKS = 5


def log_odds(*shape: int, seed: int) -> torch.Tensor:
    return 2 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def labels(*shape: int, unknown: float = 0.2) -> torch.Tensor:
    draw = torch.rand(*shape, generator=torch.Generator().manual_seed(5))
    return torch.where(draw < unknown, UNKNOWN, (draw < (1 + unknown) / 2).long())


def sigmoid(x: Floats) -> Floats:
    return 1 / (1 + np.exp(-x))


def cross_entropy(p: Floats, y: Floats) -> float:
    return float(np.mean(-y * np.log(p) - (1 - y) * np.log(1 - p)))


def reference(masks: torch.Tensor, unsure: torch.Tensor, truth: torch.Tensor) -> tuple[float, float]:
    """Return the loss of the masks and that of the uncertainty, pixel by pixel of those that are marked."""
    y_all = truth.numpy()
    marked = y_all != UNKNOWN
    y = y_all[marked].astype(float)
    total = 0.0
    for number in range(masks.shape[1]):
        p = sigmoid(masks[:, number].numpy()[marked])
        overlap = (2 * (p * y).sum() + 1e-5) / (p.sum() + y.sum() + 1e-5)
        total += cross_entropy(p, y) + 1 - overlap
    return total, cross_entropy(sigmoid(unsure.numpy()[marked]), y * (1 - p) + p * (1 - y))


def test_both_losses_are_those_of_the_formulas() -> None:
    masks, unsure, truth = log_odds(3, MASKS, 6, 7, seed=1), log_odds(3, 6, 7, seed=2), labels(3, 6, 7)
    of_masks, of_uncertainty = reference(masks, unsure, truth)
    assert masks_loss(masks, truth).item() == pytest.approx(of_masks, rel=1e-12)
    assert uncertainty_loss(unsure, masks[:, -1], truth).item() == pytest.approx(of_uncertainty, rel=1e-12)


def test_no_gradient_of_the_uncertainty_reaches_the_mask() -> None:
    mask, unsure = log_odds(2, 4, 4, seed=3).requires_grad_(), log_odds(2, 4, 4, seed=4).requires_grad_()
    uncertainty_loss(unsure, mask, labels(2, 4, 4)).backward()
    assert mask.grad is None
    assert unsure.grad is not None and unsure.grad.abs().sum() > 0


def test_the_uncertainty_is_best_where_it_is_how_wrong_the_mask_is() -> None:
    """A pixel without change of probability 0.3 is wrong by 0.3, one with change by 0.7."""
    mask = torch.logit(torch.tensor([[[0.3, 0.3]]], dtype=torch.float64))
    unsure = torch.logit(torch.tensor([[[0.3, 0.7]]], dtype=torch.float64)).requires_grad_()
    uncertainty_loss(unsure, mask, torch.tensor([[[0, 1]]])).backward()
    assert unsure.grad is not None and unsure.grad.abs().max() < 1e-12


def test_dice_is_of_the_batch_not_a_mean_of_tiles() -> None:
    """The second tile has no change and none is found: a mean over tiles would give it a Dice of 1."""
    found = torch.tensor([[[20.0, -40.0]], [[-40.0, -40.0]]], dtype=torch.float64)
    truth = torch.tensor([[[1, 1]], [[0, 0]]])
    assert dice(found, truth).item() == pytest.approx(2 / 3, abs=1e-5)


def test_unmarked_pixels_change_nothing() -> None:
    masks, unsure, truth = log_odds(2, MASKS, 5, 5, seed=6), log_odds(2, 5, 5, seed=7), labels(2, 5, 5)
    unmarked = truth == UNKNOWN
    other_masks = torch.where(unmarked[:, None], -masks, masks)
    other_unsure = torch.where(unmarked, -unsure, unsure)
    assert masks_loss(masks, truth) == masks_loss(other_masks, truth)
    assert uncertainty_loss(unsure, masks[:, -1], truth) == uncertainty_loss(other_unsure, other_masks[:, -1], truth)


def test_a_batch_without_marked_pixels_is_zero_with_zero_gradients() -> None:
    masks, unsure = log_odds(1, MASKS, 4, 4, seed=8).requires_grad_(), log_odds(1, 4, 4, seed=9).requires_grad_()
    truth = torch.full((1, 4, 4), UNKNOWN)
    loss = masks_loss(masks, truth) + uncertainty_loss(unsure, masks[:, -1], truth)
    loss.backward()
    assert loss.item() == 0
    assert masks.grad is not None and unsure.grad is not None
    assert not masks.grad.any() and not unsure.grad.any()
