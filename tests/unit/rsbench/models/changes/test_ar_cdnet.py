"""AR-CDNet: its published size, its maps, and what each part of the loss trains."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from rsbench.errors import RsbenchError
from rsbench.models.changes.ar_cdnet import PUBLISHED_PARAMETERS, ArCdNet
from rsbench.models.changes.ar_cdnet_parts import KnowledgeReview, TemporalDifference
from rsbench.models.changes.base import UNKNOWN
from rsbench.models.changes.names import build
from rsbench.models.changes.resnet_d import ResNet18D
from rsbench.models.weights import loaded_weights

SIDE = 64
MASKS = 5
EVEN = torch.ones(2)
"""Weights of classes, which this network leaves aside."""
OF_MASKS = ("level_heads", "head", "reviews", "join")
"""Parts that only masks are made with."""


def network(text: str = "ar-cdnet:width=8") -> ArCdNet:
    torch.manual_seed(0)
    built = build(text, channels=3, side=SIDE)
    assert isinstance(built, ArCdNet)
    return built


def dates(batch: int = 2, height: int = SIDE, width: int = SIDE) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    before, after = torch.randn(2, batch, 3, height, width, generator=generator)
    return before, after


def truth(batch: int = 2) -> torch.Tensor:
    labels = torch.zeros(batch, SIDE, SIDE, dtype=torch.int64)
    labels[:, 10:30, 20:50] = 1
    labels[:, -5:] = UNKNOWN
    return labels


def test_the_default_network_has_the_published_number_of_parameters() -> None:
    with torch.device("meta"):
        built = build("ar-cdnet", channels=3, side=512)
    assert sum(parameter.numel() for parameter in built.parameters()) == PUBLISHED_PARAMETERS == 14_342_446


@pytest.mark.parametrize(("batch", "height", "width"), [(1, 64, 64), (2, 33, 33), (2, 70, 45)])
def test_five_masks_and_an_uncertainty_have_the_size_of_the_pictures(batch: int, height: int, width: int) -> None:
    net = network().train()
    outputs = net(*dates(batch, height, width))
    assert [output.shape for output in outputs] == [(batch, MASKS, height, width), (batch, 1, height, width)]
    probability, uncertainty = net.probability(outputs), net.uncertainty(outputs)
    for values in (probability, uncertainty):
        assert values.shape == (batch, height, width)
        assert values.min() >= 0
        assert values.max() <= 1
    assert torch.equal(probability, torch.sigmoid(outputs[0][:, -1]))


def test_a_temporal_difference_is_a_convolution_over_dates() -> None:
    torch.manual_seed(0)
    difference = TemporalDifference(4, swapped=False).eval()
    before, after = torch.randn(2, 1, 4, 5, 5)
    wanted = torch.zeros(1, 4, 5, 5)
    for step in (difference.forth, difference.back):
        convolution, norm = step[0], step[1]
        over_dates = torch.stack(convolution.weight.chunk(2, dim=1), dim=2)
        pair = torch.stack([before, after], dim=2)
        map_BDTHW = torch.nn.functional.conv3d(pair, over_dates, convolution.bias, padding=(0, 1, 1))
        wanted += torch.relu(norm(map_BDTHW.squeeze(2)))
    assert torch.allclose(difference(before, after), wanted, atol=1e-6)


def test_channels_last_changes_no_value() -> None:
    net = network()
    plain = net(*dates())
    net.to(memory_format=torch.channels_last)
    turned = net(*(picture.contiguous(memory_format=torch.channels_last) for picture in dates()))
    for one, other in zip(plain, turned, strict=True):
        assert torch.allclose(one, other, atol=1e-3)


def test_every_parameter_is_trained() -> None:
    net = network()
    net.loss(net(*dates()), truth(), EVEN).backward()
    without = [name for name, p in net.named_parameters() if p.grad is None or not p.grad.isfinite().all()]
    assert without == []


def test_the_uncertainty_does_not_train_the_masks() -> None:
    net = network()
    net.loss_parts(net(*dates()), truth(), EVEN)["uncertainty"].backward()
    trained = {name.split(".")[0] for name, p in net.named_parameters() if p.grad is not None and p.grad.any()}
    assert trained == {"encoder", "decoder", "differences", "uncertain", "uncertainty_head"}
    assert not trained.intersection(OF_MASKS)


def test_the_loss_is_the_sum_of_its_parts() -> None:
    net = network()
    outputs = net(*dates())
    parts = net.loss_parts(outputs, truth(), EVEN)
    assert list(parts) == ["masks", "uncertainty"]
    assert net.loss(outputs, truth(), EVEN).item() == pytest.approx(sum(part.item() for part in parts.values()))


def test_without_marked_pixels_the_loss_is_zero_and_gradients_are() -> None:
    net = network()
    loss = net.loss(net(*dates()), torch.full((2, SIDE, SIDE), UNKNOWN), EVEN)
    loss.backward()
    assert loss.item() == 0
    assert all(p.grad is not None and not p.grad.any() for p in net.parameters())


def test_bf16_gives_a_float32_loss_near_that_of_float32() -> None:
    net = network()
    exact = net.loss(net(*dates()), truth(), EVEN)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = net.loss(net(*dates()), truth(), EVEN)
    rough.backward()
    assert rough.dtype == torch.float32
    assert rough.item() == pytest.approx(exact.item(), rel=0.05)


def test_few_steps_find_a_change() -> None:
    """What is brighter on the second date is the change: the final mask finds it, the random one did not."""
    net, labels = network().train(), truth(1)
    before, _ = dates(1)
    after = before + 3 * (labels == 1)[:, None]
    optimizer = torch.optim.AdamW(net.parameters(), 1e-2)
    inside, outside = labels[0] == 1, labels[0] == 0
    for _ in range(8):
        outputs = net(before, after)
        optimizer.zero_grad()
        net.loss(outputs, labels, EVEN).backward()
        optimizer.step()
    probability = net.probability(outputs)[0]
    assert probability[inside].mean() > probability[outside].mean() + 0.2


def test_the_order_of_dates_matters_to_the_second_convolution_only_where_it_is_swapped() -> None:
    torch.manual_seed(0)
    same, swapped = TemporalDifference(4, swapped=False).eval(), TemporalDifference(4, swapped=True).eval()
    swapped.load_state_dict(same.state_dict())
    before, after = torch.randn(2, 1, 4, 5, 5)
    assert not torch.allclose(same(before, after), swapped(before, after))
    swapped.back.load_state_dict(swapped.forth.state_dict())
    same.back.load_state_dict(same.forth.state_dict())
    assert torch.allclose(swapped(before, after), swapped(after, before), atol=1e-6)
    assert not torch.allclose(same(before, after), same(after, before), atol=1e-3)
    assert network("ar-cdnet:width=8,order=swapped").uncertain.difference.swapped


def test_a_review_looks_where_the_coarse_mask_sees_no_change_and_where_masks_disagree() -> None:
    review, seen = KnowledgeReview(4), []
    for unit in review.units:
        unit.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[1]))
    fine, coarse = torch.full((2, 1, 6, 6), 0.9), torch.full((2, 1, 3, 3), 0.2)
    review(torch.randn(2, 4, 6, 6), torch.randn(2, 4, 3, 3), (fine.logit(), coarse.logit()))
    assert seen[0] is None
    assert torch.allclose(seen[1], torch.full_like(fine, 0.8))
    assert torch.allclose(seen[2], torch.full_like(fine, 0.7))


@pytest.mark.parametrize(
    ("text", "side", "sentence"),
    [
        ("ar-cdnet:width=2", 64, 'ar-cdnet: width is "2", but must be a whole number from 4 to 256.'),
        ("ar-cdnet:order=back", 64, 'ar-cdnet: order is "back", but must be one of same, swapped.'),
        (
            "ar-cdnet",
            32,
            "--image-size 32 is too small for ar-cdnet, which needs tiles of at least 33 px: add --image-size 48.",
        ),
    ],
)
def test_what_cannot_be_built_is_said(text: str, side: int, sentence: str) -> None:
    with pytest.raises(RsbenchError) as refused:
        build(text, channels=3, side=side)
    assert str(refused.value) == sentence


def test_weights_of_an_encoder_fill_the_encoder_alone(tmp_path: Path) -> None:
    torch.manual_seed(3)
    trained = ResNet18D(3, width=8)
    torch.save({**trained.state_dict(), "fc.weight": torch.ones(10, 64), "fc.bias": torch.ones(10)}, tmp_path / "w.pt")
    torch.manual_seed(0)
    net = build("ar-cdnet:width=8", channels=3, side=SIDE, weights=str(tmp_path / "w.pt"))
    assert isinstance(net, ArCdNet)
    assert torch.equal(net.encoder.conv1[0].weight, trained.conv1[0].weight)
    assert torch.equal(net.encoder.layer4[1].bn2.bias, trained.layer4[1].bn2.bias)
    assert torch.equal(net.head[1].weight, network().head[1].weight)
    loaded = loaded_weights(net)
    assert loaded is not None and loaded.loaded == len(trained.state_dict())
    assert loaded.random[:2] == ("decoder", "differences")


def test_weights_of_a_whole_network_fill_all_of_it(tmp_path: Path) -> None:
    torch.manual_seed(3)
    trained = ArCdNet(3, SIDE, width=8)
    torch.save(trained.state_dict(), tmp_path / "w.pt")
    net = build("ar-cdnet:width=8", channels=3, side=SIDE, weights=str(tmp_path / "w.pt"))
    assert all(torch.equal(value, net.state_dict()[name]) for name, value in trained.state_dict().items())


def test_weights_of_another_width_are_refused(tmp_path: Path) -> None:
    torch.save(ResNet18D(3, width=4).state_dict(), tmp_path / "w.pt")
    with pytest.raises(RsbenchError, match=r"fits 0 of \d+ tensors of the encoder of ar-cdnet:width=8"):
        build("ar-cdnet:width=8", channels=3, side=SIDE, weights=str(tmp_path / "w.pt"))
