"""Networks of timm and torchgeo, by the names that these packages give them."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, Final

from torch import nn

from rsbench.errors import RsbenchError, did_you_mean
from rsbench.models.origin import version_of
from rsbench.recipe.model_text import ModelText

_CLASSIFIERS: Final = ("resnet", "swin_", "vit_")
"""How the names of those networks of torchgeo begin that give one answer a picture."""


def maker(text: ModelText, sizes: Mapping[str, int]) -> Callable[..., nn.Module]:
    """Return what builds a network of a package, with the sizes of the data already given.

    Args:
        text: with ``timm`` or ``torchgeo`` as its place.
        sizes: ``num_classes``, ``in_channels`` and ``image_size`` in pixels.

    Raises:
        RsbenchError: the package is not installed or cannot be imported, or has no such network.
    """
    version = version_of(text.place)
    try:
        package = importlib.import_module("timm" if text.place == "timm" else "torchgeo.models")
    except Exception as error:  # a package of many others may fail in any way
        words = f"{type(error).__name__}: {error}"[:200]
        raise RsbenchError(f"{text.place} {version} cannot be imported ({words}); mend or update it.") from error
    names = [name for name in package.list_models() if text.place == "timm" or name.startswith(_CLASSIFIERS)]
    if text.name.partition(".")[0] not in names:
        raise RsbenchError(
            f"{text.place} {version} has no model {text.name!r} that classifies pictures.{_near(text, names)}"
        )
    keywords = _KEYWORDS[text.place](package, text.name, sizes)

    def make(**parameters: Any) -> nn.Module:
        build = package.create_model if text.place == "timm" else package.get_model
        network: nn.Module = build(text.name, **{**keywords, **parameters})
        return network

    return make


def _near(text: ModelText, names: list[str]) -> str:
    """Return a near miss or the names there are; timm has too many for a sentence."""
    hint = did_you_mean(text.name, names)
    return hint if "Did you mean" in hint or text.place != "timm" else " timm.list_models() lists its names."


def _of_timm(timm: ModuleType, name: str, sizes: Mapping[str, int]) -> dict[str, int]:
    """Return the sizes in timm's words; only networks that are made for one size take the image's."""
    config = timm.get_pretrained_cfg(name, allow_unregistered=True)
    fixed = config is not None and config.fixed_input_size
    size = {"img_size": sizes["image_size"]} if fixed else {}
    return {"num_classes": sizes["num_classes"], "in_chans": sizes["in_channels"], **size}


def _of_torchgeo(models: ModuleType, name: str, sizes: Mapping[str, int]) -> dict[str, int]:
    """Return the sizes in torchgeo's words: its ResNets and ViTs are timm's, its Swins are torchvision's (3 bands)."""
    if name.startswith("swin_"):
        return {"num_classes": sizes["num_classes"]}
    size = {"img_size": sizes["image_size"]} if name.startswith("vit_") else {}
    return {"num_classes": sizes["num_classes"], "in_chans": sizes["in_channels"], **size}


_KEYWORDS: Final = {"timm": _of_timm, "torchgeo": _of_torchgeo}
