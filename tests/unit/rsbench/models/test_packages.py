"""Networks of timm, which is asked for real where it is installed, and of torchgeo, by a stand-in."""

from __future__ import annotations

import math
import sys
from types import ModuleType
from typing import Any

import pytest
from torch import nn

from rsbench.errors import RsbenchError
from rsbench.models import packages
from rsbench.planning import probe_worker
from rsbench.recipe.model_text import parse_model

SIZES = {"num_classes": 21, "in_channels": 3, "image_size": 64}


def test_networks_of_timm_are_built_for_the_data() -> None:
    pytest.importorskip("timm")
    scenes: dict[str, Any] = {"task": "scenes", "inputs": {"classes": 21}, "image_size": 64, "weights": None}
    resnet = probe_worker.model_facts(model="timm:resnet10t", **scenes)
    assert resnet["networks"][""]["fc.weight"] == [21, 512] and resnet["flops"] > 0
    vit = probe_worker.model_facts(model="timm:vit_tiny_patch16_224:depth=2", **scenes)
    assert vit["networks"][""]["pos_embed"] == [1, 1 + (64 // 16) ** 2, 192]
    assert sum(math.prod(shape) for shape in vit["networks"][""].values()) == 1_045_269
    pixels = {"classes": 5, "hsi_bands": 9, "aux_channels": 2}
    stacked = probe_worker.model_facts(task="pixels", model="timm:resnet10t", inputs=pixels, image_size=9, weights=None)
    assert stacked["networks"][""]["conv1.0.weight"][1] == 11
    with pytest.raises(
        RsbenchError, match=r'has no model \'resnt18\' that classifies pictures\. Did you mean "resnet18"'
    ):
        probe_worker.model_facts(model="timm:resnt18", **scenes)


@pytest.fixture
def torchgeo(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """A stand-in that notes what it is asked for."""
    asked: list[tuple[str, dict[str, Any]]] = []

    def get_model(name: str, **keywords: Any) -> nn.Module:
        asked.append((name, keywords))
        return nn.Linear(1, 1)

    models = ModuleType("torchgeo.models")
    models.list_models = lambda: ["resnet18", "swin_t", "vit_small_patch16_224", "unet"]  # type: ignore[attr-defined]
    models.get_model = get_model  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torchgeo", ModuleType("torchgeo"))
    monkeypatch.setitem(sys.modules, "torchgeo.models", models)
    monkeypatch.setattr(packages, "version_of", lambda package: "0.8.1")
    return asked


def test_networks_of_torchgeo_are_asked_for_in_their_words(torchgeo: list[tuple[str, dict[str, Any]]]) -> None:
    for name in ("resnet18", "swin_t", "vit_small_patch16_224"):
        packages.maker(parse_model(f"torchgeo:{name}"), SIZES)(drop_rate=0.5)
    assert torchgeo == [
        ("resnet18", {"num_classes": 21, "in_chans": 3, "drop_rate": 0.5}),
        ("swin_t", {"num_classes": 21, "drop_rate": 0.5}),
        ("vit_small_patch16_224", {"num_classes": 21, "in_chans": 3, "img_size": 64, "drop_rate": 0.5}),
    ]


@pytest.mark.usefixtures("torchgeo")
def test_networks_that_do_not_classify_are_refused_with_those_that_do() -> None:
    words = r"torchgeo 0\.8\.1 has no model 'zzz' .* Known: resnet18, swin_t, vit_small_patch16_224\.$"
    with pytest.raises(RsbenchError, match=words):
        packages.maker(parse_model("torchgeo:zzz"), SIZES)
