"""How models are asked for, and what tables call them."""

from __future__ import annotations

import pytest

from rsbench.errors import RsbenchError
from rsbench.recipe.model_text import ModelText, canonical_model, model_label, parse_model


@pytest.mark.parametrize(
    ("text", "parts", "label"),
    [
        ("resnet18", ModelText(place="", name="resnet18"), "resnet18"),
        ("nets:make", ModelText(place="nets", name="make"), "nets:make"),
        ("my.pkg.nets:Net.small", ModelText(place="my.pkg.nets", name="Net.small"), "nets:Net.small"),
        ("lib/nets.py:make", ModelText(place="lib/nets.py", name="make"), "nets:make"),
        ("timm:vit_tiny_patch16_224.a1", ModelText(place="timm", name="vit_tiny_patch16_224.a1"), None),
        ("torchgeo:resnet50", ModelText(place="torchgeo", name="resnet50"), None),
        ("mine:width=3", ModelText(place="", name="mine", parameters=(("width", "3"),)), None),
        ("a.b:c:d=4,w=x:y", ModelText(place="a.b", name="c", parameters=(("d", "4"), ("w", "x:y"))), "b:c:d=4,w=x:y"),
    ],
)
def test_parts_of_a_text(text: str, parts: ModelText, label: str | None) -> None:
    assert parse_model(text) == parts
    assert canonical_model(text) == text
    assert model_label(text) == (label or text)


def test_one_model_has_one_spelling() -> None:
    assert canonical_model("./a//nets.py:make: w = 3 ,d=4") == canonical_model("a/nets.py:make:d=4,w=3")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nets.py", r'"nets\.py" is a file; name the callable that builds the network: nets\.py:CALLABLE\.$'),
        ("a:", r'"a:" cannot be read; give a name, package\.module:callable, FILE\.py:callable'),
        (":b", "cannot be read"),
        ("a-:make", "cannot be read"),
        ("ar-cdnet:width", r'"ar-cdnet:width" gives width no value; write ar-cdnet:width=32\.$'),
        ("ar-cdnet:order=", r'"order=" is not key=value; write ar-cdnet:width=32\.$'),
        ("a:b:c", r'"c" is not key=value; write a:\.\.\.:width=32'),
        ("a:b:c=1,c=2", "gives c twice"),
        ("a:b:c=", "is not key=value"),
        ("a\x1b:b", r"'a\\x1b:b' holds characters that cannot be printed"),
    ],
)
def test_what_cannot_be_read_is_said(text: str, words: str) -> None:
    with pytest.raises(RsbenchError, match=words):
        parse_model(text)
