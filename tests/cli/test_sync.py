"""``--sync`` on the command line: refused before launch, rows of one table, bytes of the whole run in a dry run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

Call = Callable[..., Result]


@pytest.mark.parametrize(
    ("compressor", "sync", "words"),
    [
        ("none", "rounds:0", 'asks for "0" local steps to an exchange, but that must be a whole number from 1'),
        (
            "none",
            "rounds:5000",
            "but this run has 54 (27 an epoch): ask for at most 54 local steps, or for more --epochs",
        ),
        ("none", "accumulate:55", "exchanges once in 55 local steps, but this run has 54"),
        ("noop", "rounds:8", "noop exchanges nothing"),
        ("dgc:nesterov=true", "rounds:8", "in rounds the local optimizers keep the momentum: leave it out"),
        ("topk", "rounds:300", "this run has 54"),
        ("none", "rounds:8:mu=1", 'rounds with avg have no option "mu"'),
        ("none", "roundz:8", 'Did you mean "rounds"?'),
        ("topk", "rounds", "give one, such as rounds:8, or a density: topk:density=0.01"),
        ("none", "rounds", "none in rounds cannot compress smallvgg 1000x in payload bytes: with a single exchange"),
        ("qsgd", "steps", "with 2 bits a value and a norm a group (levels=1) it reaches 15.44x"),
        ("powersgd", "steps", "or add --sync rounds, whose length follows the ratio"),
    ],
)
def test_what_cannot_be_is_refused_before_launch(
    rsbench: Call, launcher: Any, compressor: str, sync: str, words: str
) -> None:
    result = rsbench("compare", "--epochs", "2", "--compressor", compressor, "--sync", sync, "--ratio", "1000")
    assert result.exit_code == 2 and words in " ".join(result.output.split()), result.output
    assert launcher.ran == []


def test_a_ratio_that_fewer_exchanges_have_passed_already_is_refused(rsbench: Call, launcher: Any) -> None:
    result = rsbench("compare", "--epochs", "2", "--compressor", "topk", "--ratio", "4", "--sync", "rounds:8")
    words = "with every tensor sent whole once in 8 steps it is at 7.712x; ask for at least --ratio 8"
    assert result.exit_code == 2 and words in " ".join(result.output.split()), result.output


def test_methods_and_ways_are_crossed_each_once(rsbench: Call, launcher: Any) -> None:
    asked = ("--epochs", "2", "--compressor", "none", "--compressor", "topk", "--ratio", "20")
    ways = ("--sync", "steps", "--sync", "accumulate:4", "--sync", "rounds:8", "--sync", "localsgd:8")
    result = rsbench("compare", *asked, *ways)
    assert result.exit_code == 0, result.output
    for text in ("none", "topk"):
        rows = [line for line in launcher.ran if line.startswith(text)]
        assert len(rows) == 3, "localsgd:8 is rounds:8"
    for row in ("none, accumulate:4", "none, rounds:8", "topk 20x, accumulate:4", "topk 20x, rounds:8"):
        assert row in result.output, row


def test_a_ratio_chooses_rank_levels_and_the_length_of_rounds(rsbench: Call, launcher: Any) -> None:
    asked = ("--epochs", "2", "--ratio", "20", "--sync", "steps,rounds", "--compressor", "none,powersgd,qsgd:levels=7")
    result = rsbench("compare", *asked)
    assert result.exit_code == 0, result.output
    for row in ("none", "none 20x, rounds=27", "powersgd 20x", "powersgd 20x, rounds=1", "qsgd:levels=7 20x, rounds=3"):
        assert row in result.output, row
    assert len(launcher.ran) == 6
    again = rsbench("compare", *asked)
    assert again.exit_code == 0 and len(launcher.ran) == 6, "cells are known by what was asked"


def test_a_list_names_every_form_with_its_options_and_source(rsbench: Call) -> None:
    listed = rsbench("list", "sync").output
    for words in (
        "accumulate:K",
        "rounds:K:prox",
        "shortest K",
        "rounds=K",
        "arXiv 2311.08105",
        "outer_momentum",
        "0 < x < 1",
        "keep or reset",
    ):
        assert words in listed, words
