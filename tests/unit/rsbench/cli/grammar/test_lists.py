"""One grammar for lists: commas, repetition, both; an option of an item may hold commas itself."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from rsbench.cli.grammar.lists import joined, list_option, one_option


@click.command()
@list_option("--ratio", type=float)
@list_option("--seeds", default=("0",), callback=joined)
@one_option("--lr", type=float)
@one_option("--name", default="none")
def command(**given: object) -> None:
    """Print what was given."""
    click.echo(repr(sorted(given.items())))


def values(*words: str) -> dict[str, object]:
    return command.make_context("command", list(words)).params


def test_commas_and_repetition_are_the_same() -> None:
    expected = {"ratio": (10.0, 100.0), "seeds": "0,1,2-4", "lr": 0.1, "name": "dgc"}
    assert values("--ratio", "10,100", "--seeds", "0,1,2-4", "--lr", "0.1", "--name", "dgc") == expected
    mixed = ("--ratio", "10", "--ratio", "100", "--seeds", "0", "--seeds", "1, 2-4", "--lr", "0.1", "--name", "dgc")
    assert values(*mixed) == expected
    assert values() == {"ratio": (), "seeds": "0", "lr": None, "name": "none"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--ratio", "10,x"), "item 2 of 2: 'x' is not a valid float"),
        (("--ratio", "10", "--ratio", "y"), "item 2 of 2: 'y'"),
        (("--ratio", "y"), "Invalid value for '--ratio': 'y' is"),
        (("--ratio", "0,01"), "write 0.01 for a fraction, or 0,1."),
        (("--lr", "0.1,0.2"), "command takes one value, not 2; rsbench compare takes several."),
        (("--lr", "0.1", "--lr", "0.2"), "takes one value, not 2"),
    ],
)
def test_an_error_says_which_item(words: tuple[str, ...], message: str) -> None:
    done = CliRunner().invoke(command, words)
    assert (done.exit_code, message in done.output) == (2, True), done.output


def test_an_environment_variable_holds_a_list_too() -> None:
    done = CliRunner().invoke(command, auto_envvar_prefix="X", env={"X_RATIO": "10, 100", "X_LR": "0.5"})
    assert "('lr', 0.5)" in done.output
    assert "('ratio', (10.0, 100.0))" in done.output
