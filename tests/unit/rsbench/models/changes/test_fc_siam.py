"""The fully convolutional siamese networks: sizes as published, every side of a tile, dates that matter."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from rsbench.models.changes.base import UNKNOWN, ChangeNetwork
from rsbench.models.changes.fc_siam import FcSiamDiff
from rsbench.models.changes.names import build

EVEN = torch.ones(2)
"""Weights of classes that weigh the same."""


def network(model: str = "fc-siam-diff:width=2", *, side: int = 32) -> ChangeNetwork:
    """A small network from a fixed seed."""
    torch.manual_seed(0)
    return build(model, channels=3, side=side)


@pytest.mark.parametrize(("model", "published"), [("fc-siam-conc", 1_545_986), ("fc-siam-diff", 1_350_146)])
def test_the_published_width_has_the_published_number_of_parameters(model: str, published: int) -> None:
    with torch.device("meta"):
        parameters = build(model, channels=3, side=256).parameters()
    assert sum(parameter.numel() for parameter in parameters) == published


@pytest.mark.parametrize("model", ["fc-siam-conc:width=1", "fc-siam-diff:width=2"])
@pytest.mark.parametrize("side", [16, 31, 48])
def test_every_side_gives_logits_of_its_size_and_gradients_everywhere(model: str, side: int) -> None:
    net = network(model, side=side)
    before, after = torch.randn(2, 2, 3, side, side)
    outputs = net(before, after)
    assert [tuple(one.shape) for one in outputs] == [(2, 2, side, side)]
    net.loss(outputs, torch.randint(2, (2, side, side)), EVEN).backward()
    assert all(parameter.grad is not None for parameter in net.parameters())


def test_equal_dates_leave_the_decoder_of_differences_only_the_deepest_features() -> None:
    """Every other skipped difference is zero, so the map cannot depend on fine detail there."""
    net = network().eval()
    picture = torch.randn(1, 3, 32, 32)
    seen: list[torch.Tensor] = []
    net.ups[-1].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[1]))  # type: ignore[union-attr,operator]
    net(picture, picture)
    net(picture, picture + 1)
    assert not seen[0].any() and seen[1].any()


def test_the_loss_is_the_cross_entropy_with_the_weights_of_the_classes() -> None:
    net = network()
    logits = torch.randn(2, 2, 5, 5, requires_grad=True)
    labels = torch.randint(2, (2, 5, 5))
    labels[0, 0] = UNKNOWN
    weights = torch.tensor([0.5, 3.0])
    loss = net.loss((logits,), labels, weights)
    summed = nn.functional.cross_entropy(logits, labels, weight=weights, ignore_index=UNKNOWN, reduction="sum")
    torch.testing.assert_close(loss, summed / (labels != UNKNOWN).sum())
    loss.backward()
    assert logits.grad is not None and not logits.grad[0, :, 0].any() and logits.grad[1].all()
    torch.testing.assert_close(net.probability((logits,)), logits.softmax(1)[:, 1])


def test_the_loss_of_a_set_is_the_same_however_its_tiles_are_cut_into_batches() -> None:
    net, weights = network(), torch.tensor([0.6, 4.0])
    logits, labels = torch.randn(6, 2, 8, 8), (torch.rand(6, 8, 8) < 0.2).long()
    labels[0] = 0  # a tile without change
    whole = net.loss((logits,), labels, weights)
    batches = [[0], [5, 1, 2, 3, 4]]
    parts = [net.loss((logits[tiles],), labels[tiles], weights) * len(tiles) for tiles in batches]
    torch.testing.assert_close(torch.stack(parts).sum() / 6, whole)


def test_dropout_is_as_published_or_as_asked_for() -> None:
    def shares(model: str) -> set[float]:
        return {layer.p for layer in network(model).modules() if isinstance(layer, nn.Dropout2d)}

    assert shares("fc-siam-diff:width=2") == {0.2}
    assert shares("fc-siam-conc:width=2,dropout=0.5") == {0.5}
    net, dates = network("fc-siam-diff:width=2,dropout=0"), torch.randn(2, 2, 3, 32, 32)
    assert torch.equal(net(*dates)[0], net(*dates)[0])
    dropping = network()
    assert not torch.equal(dropping(*dates)[0], dropping(*dates)[0])


def test_a_batch_without_a_marked_pixel_has_a_loss_of_zero_and_gradients_of_zero() -> None:
    net = network()
    loss = net.loss(net(torch.randn(2, 3, 32, 32), torch.randn(2, 3, 32, 32)), torch.full((2, 32, 32), UNKNOWN), EVEN)
    loss.backward()
    assert loss == 0
    assert all(parameter.grad is not None and not parameter.grad.any() for parameter in net.parameters())


def test_the_difference_does_not_know_which_date_was_first() -> None:
    diff = network()
    assert isinstance(diff, FcSiamDiff)
    before, after = torch.rand(2, 1, 8, 16, 16)
    assert torch.equal(diff.joined(before, after), diff.joined(after, before))
    assert bool((diff.joined(before, after) >= 0).all())
