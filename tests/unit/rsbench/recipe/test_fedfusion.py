"""What the text of the model fedfusion says, and which texts are refused."""

from __future__ import annotations

import pytest

from rsbench.errors import RsbenchError
from rsbench.recipe.fedfusion import FedFusion, coordinate_share, parse_fedfusion
from rsbench.recipe.model_text import canonical_model, model_label


@pytest.mark.parametrize(
    ("text", "options", "canonical"),
    [
        ("fedfusion", FedFusion(rank=8, join="both"), "fedfusion:rank=8"),
        ("fedfusion:join=both,rank=4", FedFusion(rank=4), "fedfusion:rank=4"),
        ("fedfusion: rank=64 , join=add", FedFusion(rank=64, join="add"), "fedfusion:rank=full,join=add"),
        ("fedfusion:rank=full,join=cat", FedFusion(rank=64, join="cat"), "fedfusion:rank=full,join=cat"),
    ],
)
def test_a_text_has_one_spelling(text: str, options: FedFusion, canonical: str) -> None:
    assert parse_fedfusion(text) == options
    assert canonical_model(text) == options.text == canonical
    assert parse_fedfusion(canonical) == options


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("fedfusion:rnk=8", r'no option "rnk"\. Did you mean "rank"\?$'),
        ("fedfusion:rank", r'"rank" is not key=value; write fedfusion:rank=8,join=both\.$'),
        ("fedfusion:rank=4,rank=8", "gives rank twice"),
        ("fedfusion:rank=0", r'rank is "0", but must be a whole number from 1 to 64, or full to keep all\.$'),
        ("fedfusion:rank=65", 'rank is "65"'),
        ("fedfusion:rank=8.5", 'rank is "8.5"'),
        ("fedfusion:rank=²", 'rank is "²"'),
        ("fedfusion:join=concat", r'join is "concat", but must be one of both, cat, add\. Did you mean "cat"\?$'),
    ],
)
def test_wrong_options_are_refused_in_a_sentence(text: str, words: str) -> None:
    with pytest.raises(RsbenchError, match=words):
        canonical_model(text)


def test_other_models_stay_as_they_are() -> None:
    assert canonical_model("fusion-cnn") == model_label("fusion-cnn") == "fusion-cnn"
    assert model_label("fedfusion:rank=8") == "fedfusion:rank=8 (after FedFusion)"


def test_the_four_times_of_the_paper_ask_for_small_ranks() -> None:
    assert round(coordinate_share(16, 49), 2) == 0.58 and round(coordinate_share(16, 392), 2) == 0.29
    saves = {rows: max(r for r in range(1, 65) if coordinate_share(r, rows) <= 0.25) for rows in (49, 392)}
    assert saves == {49: 6, 392: 13}
    assert coordinate_share(64, 49) == 1
