"""Networks: torchvision's classification models by name, and a small one for CPUs."""

from __future__ import annotations

import inspect
import itertools
from pathlib import Path

import torch
import torchvision
from torch import nn

from rsbench.errors import RsbenchError, did_you_mean
from rsbench.models.weights import load, read_file

SMALL = "smallvgg"


class SmallVGG(nn.Sequential):
    """Four 3 x 3 convolutions (16, 32, 64, 64 channels, batch norm, ReLU, max-pool) and two linear layers.

    1.13 M weights at 64 x 64 pixels, of which few are in 1-D tensors, so that large compression ratios are within
    reach; cheap enough to train on two CPU cores.

    Args:
        classes: number of outputs.
        image_size: height and width of the input, a multiple of 16.
    """

    def __init__(self, classes: int, image_size: int) -> None:
        channels = (3, 16, 32, 64, 64)
        stages: list[nn.Module] = []
        for inputs, outputs in itertools.pairwise(channels):
            stages += [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs)]
            stages += [nn.ReLU(inplace=True), nn.MaxPool2d(2)]
        side = image_size // 16
        features = channels[-1] * side * side
        head = [nn.Flatten(), nn.Linear(features, 1024, bias=False), nn.ReLU(inplace=True), nn.Linear(1024, classes)]
        super().__init__(*stages, *head)


def names() -> list[str]:
    """Return the names that ``--model`` takes: ``smallvgg`` and torchvision's float classification models."""
    listed = torchvision.models.list_models(module=torchvision.models)
    return [SMALL, *(name for name in listed if not name.startswith("quantized_"))]


def build(name: str, *, classes: int, image_size: int, weights: str | None = None) -> nn.Module:
    """Build a network with random or given weights; it draws from torch's global generator.

    Args:
        name: one of :func:`names`.
        classes: number of outputs.
        image_size: height and width in pixels.
        weights: a torchvision weights enum (``ResNet50_Weights.IMAGENET1K_V2``, ``DEFAULT``) or a file of a state
            dict or checkpoint. The last layer keeps its random values where its shape is another.

    Returns:
        The network; :func:`rsbench.models.weights.loaded_weights` says how many of its tensors were given.

    Raises:
        RsbenchError: unknown name or weights, or weights that fit fewer than 90 % of the tensors.
    """
    if name not in names():
        raise RsbenchError(f"There is no model {name!r}.{did_you_mean(name, names())}")
    if name == SMALL:
        model: nn.Module = SmallVGG(classes, image_size)
    else:
        builder = torchvision.models.get_model_builder(name)
        accepted = inspect.signature(builder).parameters
        extra: dict[str, object] = {}
        if name in ("googlenet", "inception_v3"):
            extra = {"aux_logits": False, "init_weights": True}
        elif "image_size" in accepted or name.startswith("vit_"):
            extra = {"image_size": image_size}
        model = builder(weights=None, num_classes=classes, **extra)
    if weights is not None:
        given = read_file(Path(weights)) if Path(weights).exists() else _download(name, weights)
        load(model, name, weights, given)
    return model


def _download(name: str, weights: str) -> dict[str, torch.Tensor]:
    if name == SMALL:
        raise RsbenchError(f"--weights {weights}: {SMALL} has no published weights; give a file that exists.")
    choices = torchvision.models.get_model_weights(name)
    owner, _, word = weights.rpartition(".")
    if owner and owner != choices.__name__:
        raise RsbenchError(f"--weights {weights} are not weights of {name}; its own are {choices.__name__}.")
    if word != "DEFAULT" and word not in choices.__members__:
        raise RsbenchError(
            f"--weights {weights} is neither a file nor weights of {name}.{did_you_mean(word, choices.__members__)}"
        )
    state: dict[str, torch.Tensor] = choices[word].get_state_dict(progress=False, check_hash=True)
    return state
