"""The fully convolutional siamese networks: sizes as published, every side of a tile, dates that matter."""

from __future__ import annotations

import pytest
import torch

from rsbench.models.changes.base import UNKNOWN, ChangeNetwork
from rsbench.models.changes.names import build


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
    net.loss(outputs, torch.randint(2, (2, side, side))).backward()
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


def test_the_loss_weights_classes_by_the_inverse_of_their_frequency_among_marked_pixels() -> None:
    net = network()
    logits = torch.randn(2, 2, 5, 5, requires_grad=True)
    labels = torch.randint(2, (2, 5, 5))
    labels[0, 0] = UNKNOWN
    loss = net.loss((logits,), labels)
    counts = torch.tensor([(labels == 0).sum(), (labels == 1).sum()])
    weighted = torch.nn.functional.cross_entropy(logits, labels, weight=1 / counts, ignore_index=UNKNOWN)
    torch.testing.assert_close(loss, weighted)
    loss.backward()
    assert logits.grad is not None and not logits.grad[0, :, 0].any() and logits.grad[1].all()
    torch.testing.assert_close(net.probability((logits,)), logits.softmax(1)[:, 1])


@pytest.mark.parametrize("label", [0, 1])
def test_a_class_that_a_batch_lacks_is_left_out_of_the_loss(label: int) -> None:
    logits, labels = torch.randn(1, 2, 4, 4), torch.full((1, 4, 4), label)
    torch.testing.assert_close(network().loss((logits,), labels), torch.nn.functional.cross_entropy(logits, labels))


def test_a_batch_without_a_marked_pixel_has_a_loss_of_zero_and_gradients_of_zero() -> None:
    net = network()
    loss = net.loss(net(torch.randn(2, 3, 32, 32), torch.randn(2, 3, 32, 32)), torch.full((2, 32, 32), UNKNOWN))
    loss.backward()
    assert loss == 0
    assert all(parameter.grad is not None and not parameter.grad.any() for parameter in net.parameters())
