"""A compressor's text: read, written, refused."""

from __future__ import annotations

import pytest

from rsbench.compressors import COMPRESSORS, parse
from rsbench.errors import RsbenchError


@pytest.mark.parametrize("name", COMPRESSORS)
def test_text_and_options_describe_a_compressor(name: str) -> None:
    compressor = parse(name)
    assert compressor.text == name
    assert parse(compressor.text).text == name
    for option in compressor.options():
        assert option.help
        assert option.allowed
    if compressor.setting == "density":
        asked = parse(f"{name}:density=0.25")
        assert asked.setting_given
        assert asked.text == f"{name}:density=0.25"
        assert compressor.with_density(0.25).text == asked.text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rsgdc", 'Did you mean "rsdgc"'),
        ("topk:densty=0.1", 'Did you mean "density"'),
        ("topk:density=0", "out of range"),
        ("topk:density=2", "0 < x <= 1"),
        ("topk:density=lots", "a number"),
        ("topk:density", "key=value"),
        ("topk:density=0.1,density=0.2", "twice"),
        ("rsdgc:p=2.5", "whole number"),
        ("rsdgc:policy=globalrank", 'Did you mean "global_rank"'),
        ("dgc:momentum_masking=maybe", "true or false"),
        ("none:density=0.1", "It has none"),
    ],
)
def test_bad_text_gets_one_sentence(text: str, words: str) -> None:
    with pytest.raises(RsbenchError, match=words.replace("(", r"\(")):
        parse(text)
