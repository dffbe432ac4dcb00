"""Lists with commas: an option of an item may hold commas itself."""

from __future__ import annotations

import pytest

from rsbench.recipe.items import split_items


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("10", ["10"]),
        ("10,100", ["10", "100"]),
        ("10, 100 ,1000", ["10", "100", "1000"]),
        ("none,topk,dgc", ["none", "topk", "dgc"]),
        ("none,rsdgc:alpha=0.5,policy=uniform,dgc", ["none", "rsdgc:alpha=0.5,policy=uniform", "dgc"]),
        ("topk:density=0.01, values=fp16, dgc", ["topk:density=0.01,values=fp16", "dgc"]),
        ("a:x=1,b:y=2", ["a:x=1", "b:y=2"]),
        ("geo:latency=600ms,up=1mbit,50mbit", ["geo:latency=600ms,up=1mbit", "50mbit"]),
        ("rounds:8:nesterov:outer_lr=0.5,state=reset,steps", ["rounds:8:nesterov:outer_lr=0.5,state=reset", "steps"]),
        ("3=10mbit:latency=30ms,4=geo", ["3=10mbit:latency=30ms", "4=geo"]),
        ("pkg.nets:make,timm:vit_tiny,resnet18", ["pkg.nets:make", "timm:vit_tiny", "resnet18"]),
    ],
)
def test_a_comma_ends_an_item_unless_an_option_of_it_follows(text: str, items: list[str]) -> None:
    assert split_items(text) == items


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "item 1 of '' is empty"),
        ("a,,b", "item 2 of 'a,,b' is empty"),
        ("a,b, ", "item 3 of 'a,b, ' is empty"),
        ("none,policy=uniform", "write none:policy=uniform"),
    ],
)
def test_what_is_no_list_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        split_items(text)
