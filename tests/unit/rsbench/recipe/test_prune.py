"""Which training samples are kept, as texts."""

from __future__ import annotations

import pytest

from rsbench.errors import RsbenchError
from rsbench.recipe.prune import KINDS, Prune, describe, options, parse_prune


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("none", "none"),
        (" TDDS:.5 ", "tdds:0.5"),
        ("tdds:0.50,epochs=10,window=4,decay=0.9,budget=epochs", "tdds:0.5"),
        ("tdds:5e-1, budget=steps, epochs=20", "tdds:0.5,epochs=20,budget=steps"),
        ("tdds:0.1,decay=.80,window=3,epochs=3", "tdds:0.1,epochs=3,window=3,decay=0.8"),
        ("el2n:0.5,epochs=10", "el2n:0.5"),
        ("forgetting:0.3,epochs=20", "forgetting:0.3,epochs=20"),
        ("random:0.25,budget=steps", "random:0.25,budget=steps"),
    ],
)
def test_texts_have_one_form(text: str, canonical: str) -> None:
    prune = parse_prune(text)
    assert prune.text == canonical
    assert parse_prune(canonical) == prune
    assert prune.label == ("" if canonical == "none" else canonical)


def test_nothing_and_none_keep_all() -> None:
    assert parse_prune(None) == parse_prune("none") == Prune()
    assert Prune().keeps_all
    assert Prune().kept_of(77) == 77


def test_defaults_of_each_kind() -> None:
    tdds, el2n, random = parse_prune("tdds:0.5"), parse_prune("el2n:0.5"), parse_prune("random:0.5")
    assert (tdds.epochs, tdds.window, tdds.decay, tdds.budget) == (10, 4, 0.9, "epochs")
    assert (el2n.epochs, el2n.window, el2n.decay) == (10, 0, 0.0)
    assert (random.epochs, random.scores, tdds.scores, el2n.scores) == (0, False, True, True)
    assert tdds.title == "50 % of the training samples by TDDS, equal epochs"
    assert parse_prune("tdds:0.9999999").title.startswith("99.99999 % of")


@pytest.mark.parametrize(("samples", "kept"), [(1050, 525), (3, 2), (2, 1), (1, 1), (0, 0)])
def test_at_least_one_sample_is_kept(samples: int, kept: int) -> None:
    assert parse_prune("random:0.5").kept_of(samples) == kept
    assert parse_prune("random:0.0001").kept_of(samples) == min(1, samples)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not understood"),
        ("tddz:0.5", 'Did you mean "tdds"'),
        ("none:0.5", "takes nothing after it"),
        ("tdds", "does not say which share"),
        ("tdds:epochs=3", "write tdds:0.5"),
        ("tdds:1", "keeps all samples: write none"),
        ("tdds:50", 'a share of "50"'),
        ("tdds:0", "from 1e-06 to below 1"),
        ("tdds:-0.5", "from 1e-06"),
        ("tdds:0.5:epochs=3", "does not say which share"),
        ("tdds:0.5:3", "from 1e-06"),
        ("tdds:nan", "from 1e-06"),
        ("tdds:0.5,epoch=3", 'Did you mean "epochs"'),
        ("tdds:0.5,", 'no option ""'),
        ("tdds:0.5,epochs=4,epochs=5", "has epochs twice"),
        ("tdds:0.5,epochs=0", "whole number from 1 to 10,000"),
        ("tdds:0.5,epochs=1.5", "whole number"),
        ("tdds:0.5,window=2", "from 3"),
        ("tdds:0.5,window=11", "window of 11 epochs, but the scoring phase has 10: give epochs=11"),
        ("tdds:0.5,decay=1", "above 0 and below 1"),
        ("tdds:0.5,budget=step", 'Did you mean "steps"'),
        ("el2n:0.5,window=4", 'el2n has no option "window"'),
        ("random:0.5,epochs=4", 'random has no option "epochs". Known: budget.'),
        ("tdds:0.5,epochs=2", "has 2: give epochs=4 or more."),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(text: str, words: str) -> None:
    with pytest.raises(RsbenchError) as caught:
        parse_prune(text)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_tasks_and_partitions_that_cannot_be_pruned() -> None:
    prune = parse_prune("tdds:0.5")
    prune.check(task="scenes")
    prune.check(task="pixels", partition=None)
    Prune().check(task="targets", partition="blocks")
    with pytest.raises(RsbenchError, match=r"has no class a sample: write --prune none; scene classification and"):
        prune.check(task="targets")
    with pytest.raises(RsbenchError, match="leave one of the two out"):
        prune.check(task="scenes", partition="classes:5")


def test_listings_tell_every_kind_and_option() -> None:
    assert [form.partition(":")[0] for form, _ in describe()] == list(KINDS)
    assert [name for name, _ in options()] == ["epochs", "window", "decay", "budget"]
