"""Models by name: shapes without memory, weights from files, clear refusals."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from rsbench.errors import RsbenchError
from rsbench.models import torchvision
from rsbench.planning import probe_worker


def ask(model: str, image_size: int, weights: str | None = None) -> dict[str, tuple[int, ...]]:
    answer = probe_worker.model_facts(
        task="scenes", model=model, inputs={"classes": 45}, image_size=image_size, weights=weights
    )
    return {name: tuple(shape) for name, shape in answer["networks"][""].items()}


@pytest.mark.parametrize(
    ("model", "image_size", "parameters"),
    [("vgg19", 64, 139_754_605), ("smallvgg", 64, 1_155_389), ("regnet_y_400mf", 64, None), ("googlenet", 64, None)],
)
def test_shapes(model: str, image_size: int, parameters: int | None) -> None:
    shapes = ask(model, image_size)
    assert not any(name.startswith("aux") for name in shapes)
    assert (45,) in shapes.values()
    if parameters is not None:
        assert sum(map(math.prod, shapes.values())) == parameters


@pytest.mark.parametrize(
    ("model", "image_size"), [("inception_v3", 64), ("vit_b_16", 50), ("vgg19", 16), ("smallvgg", 8)]
)
def test_images_that_do_not_fit_are_refused(model: str, image_size: int) -> None:
    with pytest.raises(RsbenchError, match=f"{model} cannot take {image_size} x {image_size} images .*--image-size"):
        ask(model, image_size)


def test_names() -> None:
    names = torchvision.names()
    assert {"smallvgg", "vgg19", "vgg19_bn", "resnet50", "vit_b_16"} <= set(names)
    assert not any(name.startswith("quantized_") for name in names)
    with pytest.raises(RsbenchError, match='Did you mean "resnet50"'):
        torchvision.build("resnet5O", classes=2, image_size=64)


def test_weights_from_a_file_keep_the_random_head(tmp_path: Path) -> None:
    source = torchvision.build("smallvgg", classes=10, image_size=32)
    torch.save(source.state_dict(), tmp_path / "weights.pt")
    model = torchvision.build("smallvgg", classes=3, image_size=32, weights=str(tmp_path / "weights.pt"))
    assert torch.equal(model[0].weight, source[0].weight)
    assert model[-1].weight.shape == (3, 1024)


def test_wrong_weights_are_refused(tmp_path: Path) -> None:
    torch.save([1, 2], tmp_path / "list.pt")
    (tmp_path / "text.pt").write_text("no weights")
    wrong = {
        str(tmp_path / "list.pt"): "no state dict",
        str(tmp_path / "text.pt"): "cannot be read",
        "ResNet50_Weights.IMAGENET1K_V1": "not weights of vgg19",
        "IMAGENET1K_V7": "neither a file nor weights of vgg19",
    }
    for weights, words in wrong.items():
        with pytest.raises(RsbenchError, match=words):
            torchvision.build("vgg19", classes=3, image_size=32, weights=weights)
    with pytest.raises(RsbenchError, match="no published weights"):
        torchvision.build("smallvgg", classes=3, image_size=32, weights="DEFAULT")
