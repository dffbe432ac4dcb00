"""The text of the model bsdm: one spelling, and one sentence for each mistake."""

from __future__ import annotations

import pytest

from rsbench.errors import RsbenchError
from rsbench.recipe.bsdm import Bsdm, is_bsdm, parse_bsdm
from rsbench.recipe.model_text import canonical_model, parse_model


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ("bsdm", "bsdm"),
        ("bsdm:mode=gamma,k=10", "bsdm"),
        (" bsdm: k = 5 , mode=alpha", "bsdm:k=5,mode=alpha"),
        ("bsdm:mode=alpha,", "bsdm:mode=alpha"),
    ],
)
def test_a_model_has_one_spelling(given: str, canonical: str) -> None:
    assert canonical_model(given) == canonical == parse_bsdm(canonical).text == parse_model(canonical).text


def test_defaults_are_those_of_the_paper() -> None:
    assert parse_bsdm("bsdm") == Bsdm(mode="gamma", k=10)
    assert is_bsdm("bsdm:k=3") and not is_bsdm("bsdmx") and not is_bsdm("nets:bsdm")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("bsdm:k=0", 'k is "0", but must be a whole number from 1 to 30'),
        ("bsdm:k=51", 'k is "51"'),
        ("bsdm:k=two", 'k is "two"'),
        ("bsdm:mode=gama", 'one of gamma, alpha. Did you mean "gamma"'),
        ("bsdm:passes=3", 'no option "passes"'),
        ("bsdm:k=3,k=4", "gives k twice"),
        ("bsdm:k", "not key=value; write bsdm:mode=alpha,k=10"),
    ],
)
def test_a_mistake_gets_a_sentence(text: str, words: str) -> None:
    with pytest.raises(RsbenchError, match=words):
        canonical_model(text)
