"""The text of a model: a name, a callable of one's own, or a network of another package. Torch-free."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from rsbench.errors import RsbenchError
from rsbench.recipe.bsdm import is_bsdm, parse_bsdm
from rsbench.recipe.fedfusion import AFTER, is_fedfusion, parse_fedfusion
from rsbench.recipe.model_options import read_pairs

FORMS: Final = "a name, package.module:callable, FILE.py:callable, timm:NAME or torchgeo:NAME"
"""What ``--model`` takes, in words."""
PACKAGES: Final = ("timm", "torchgeo")
"""Packages whose networks are asked for by their name; each is an extra of the same name."""
_DOTTED: Final = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_LISTED: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)+")
"""Names of listed models that no module can have: ``ar-cdnet``."""
_KEY: Final = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True, kw_only=True)
class ModelText:
    """The parts of a model's text.

    Attributes:
        place: a module, a file that ends in ``.py``, or one of :data:`PACKAGES`; empty for a plain name.
        name: of the callable in its module, or of the network.
        parameters: (keyword, value as text) that the callable is given, sorted by keyword.
    """

    place: str
    name: str
    parameters: tuple[tuple[str, str], ...] = ()

    @property
    def is_file(self) -> bool:
        """Whether the place is a file."""
        return self.place.endswith(".py")

    @property
    def text(self) -> str:
        """The canonical text, which :func:`parse_model` reads."""
        options = ",".join(f"{key}={value}" for key, value in self.parameters)
        return ":".join(filter(None, (self.place, self.name, options)))


def parse_model(text: str) -> ModelText:
    """Read ``resnet18``, ``nets:make``, ``lib/nets.py:Net:width=32,depth=4`` or ``timm:resnet50``.

    Raises:
        RsbenchError: one sentence that says what is wrong with the text.
    """
    if not text.isprintable():
        raise RsbenchError(f"The model {text!a} holds characters that cannot be printed; give {FORMS}.")
    head, colon, rest = text.strip().partition(":")
    if not colon:
        if head.endswith(".py") or "/" in head:
            raise RsbenchError(
                f'The model "{text}" is a file; name the callable that builds the network: {head}:CALLABLE.'
            )
        return ModelText(place="", name=head)
    name, _, options = rest.partition(":")
    if "=" in name:
        return ModelText(place="", name=head, parameters=_sorted(read_pairs(text, rest, f"{head}:width=32")))
    _check(text, head, name)
    place = posixpath.normpath(head) if head.endswith(".py") else head
    return ModelText(place=place, name=name, parameters=_sorted(read_pairs(text, options, f"{head}:...:width=32")))


def _check(text: str, place: str, name: str) -> None:
    """Refuse a place that is no module and no file, and a name that no callable can have.

    Raises:
        RsbenchError: says what to write.
    """
    if _LISTED.fullmatch(place) and _KEY.fullmatch(name):  # no module is called so: it is an option without a value
        raise RsbenchError(f'The model "{text}" gives {name} no value; write {place}:width=32.')
    sound = name and (place in PACKAGES or _DOTTED.fullmatch(name))
    if not sound or not (place.endswith(".py") or _DOTTED.fullmatch(place)):
        raise RsbenchError(f'The model "{text}" cannot be read; give {FORMS}.')


def _sorted(values: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(values.items()))


def canonical_model(model: str) -> str:
    """Return a model's text in its one spelling; models without options are their name.

    Raises:
        RsbenchError: the text cannot be read, or is ``fedfusion`` or ``bsdm`` with options that it does not have.
    """
    if is_fedfusion(model):
        return parse_fedfusion(model).text
    if is_bsdm(model):
        return parse_bsdm(model).text
    return parse_model(model).text if isinstance(model, str) else model  # a cell of a damaged record


def short_model(model: str) -> str:
    """Return a model's text without the packages or folders before its module: ``nets:make``."""
    place, colon, rest = model.partition(":")
    if not colon or "=" in rest.partition(":")[0] or place in PACKAGES:
        return model
    module = posixpath.basename(place.removesuffix(".py")).rpartition(".")[2]
    return f"{module}:{rest}"


def model_label(model: str) -> str:
    """Return what tables call a model: ``nets:make``, ``fedfusion:rank=8 (after FedFusion)``, others by their text."""
    return f"{model} ({AFTER})" if is_fedfusion(model) else short_model(model)


def model_labels(models: Iterable[str]) -> dict[str, str]:
    """Return model -> what tables call it; models whose labels would be equal keep their whole text."""
    labels = {model: model_label(model) for model in models}
    counts = Counter(labels.values())
    return {model: label if counts[label] == 1 else model for model, label in labels.items()}
