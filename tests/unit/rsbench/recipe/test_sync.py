"""How often workers exchange, as texts."""

from __future__ import annotations

import pytest

from rsbench.errors import RsbenchError
from rsbench.recipe.sync import PRESETS, describe, parse_sync


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("steps", "steps"),
        ("accumulate:1", "steps"),
        ("accumulate:8", "accumulate:8"),
        (" Rounds:8 ", "rounds:8"),
        ("rounds:8:avg", "rounds:8"),
        ("rounds:8:avg:outer_lr=1,state=keep", "rounds:8"),
        ("rounds:8:outer_lr=.5", "rounds:8:outer_lr=0.5"),
        ("rounds:8:nesterov:outer_momentum=0.9", "rounds:8:nesterov"),
        ("rounds:8:prox:mu=0.1,weights=equal", "rounds:8:prox:mu=0.1,weights=equal"),
        ("diloco", "rounds:500:nesterov"),
        ("diloco:50", "rounds:50:nesterov"),
        ("fedavg:5", "rounds:5:state=reset"),
        ("localsgd", "rounds:16"),
        ("sparseloco", "rounds:30"),
        ("Rounds", "rounds"),
        ("rounds:avg:state=reset", "rounds:state=reset"),
        ("rounds:nesterov:outer_lr=0.5", "rounds:nesterov:outer_lr=0.5"),
        ("rounds=12", "rounds=12"),
        ("rounds=12:prox", "rounds=12:prox"),
    ],
)
def test_texts_have_one_form(text: str, canonical: str) -> None:
    sync = parse_sync(text)
    assert sync.text == canonical
    assert parse_sync(canonical) == sync


def test_a_length_that_the_ratio_chose_is_no_part_of_what_was_asked() -> None:
    asked = parse_sync("rounds:nesterov")
    chosen = asked.of_length(8)
    assert (chosen.text, chosen.asked, chosen.exchanges(17)) == ("rounds=8:nesterov", asked, 3)
    given = parse_sync("rounds:8:nesterov")
    assert given.asked is given and given != chosen


def test_defaults_are_those_of_the_papers() -> None:
    diloco, prox = parse_sync("diloco"), parse_sync("rounds:4:prox")
    assert (diloco.outer_lr, diloco.outer_momentum, diloco.state) == (0.7, 0.9, "keep")
    assert (prox.outer_lr, prox.outer_momentum, prox.mu, prox.weights) == (1.0, 0.0, 0.01, "samples")


@pytest.mark.parametrize(("steps", "exchanges"), [(1, 1), (8, 1), (9, 2), (16, 2), (17, 3)])
def test_the_last_exchange_may_come_early(steps: int, exchanges: int) -> None:
    assert parse_sync("rounds:8").exchanges(steps) == exchanges
    assert parse_sync("steps").exchanges(steps) == steps


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not understood"),
        ("round:8", 'Did you mean "rounds"'),
        ("accumulate", "write accumulate:8"),
        ("rounds:0", "whole number from 1"),
        ("rounds=0", "whole number from 1"),
        ("rounds=", "whole number from 1"),
        ("rounds:nesterof", "whole number from 1"),
        ("accumulate=8", "not understood"),
        ("steps=8", "not understood"),
        ("rounds:-3", "whole number from 1"),
        ("rounds:1.5", "whole number from 1"),
        ("rounds:99999999999", "whole number from 1"),
        ("rounds:8:nesterof", 'Did you mean "nesterov"'),
        ("rounds:8:mu=1", 'no option "mu"'),
        ("rounds:8:prox:mu=-1", "above 0"),
        ("rounds:8:nesterov:outer_momentum=1", "below 1"),
        ("rounds:8:outer_lr=nan", "above 0"),
        ("rounds:8:state=new", "keep or reset"),
        ("rounds:8:avg:state=reset:mu=1", "commas"),
        ("rounds:8:outer_lr=1,outer_lr=0.5", "outer_lr twice"),
        ("rounds:8:prox:mu=1_0", "above 0"),
        ("accumulate:8:avg", "number of batches only"),
        ("steps:2", "nothing after it"),
        ("diloco:5:avg", "what it stands for"),
    ],
)
def test_what_is_not_understood_is_refused_in_a_sentence(text: str, words: str) -> None:
    with pytest.raises(RsbenchError, match=words):
        parse_sync(text)


def test_listings_name_every_preset_and_its_source() -> None:
    listed = dict(describe())
    for name, preset in PRESETS.items():
        assert preset.text(preset.every) in listed[name]
        assert preset.source in listed[name]
