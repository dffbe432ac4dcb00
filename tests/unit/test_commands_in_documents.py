"""Every command that README, pages and help texts show is parsed, and what it asks for is checked."""

from __future__ import annotations

from pathlib import Path

import click
import documents
import pytest
from documents import Shown

from rsbench import datasets
from rsbench.cli.main import main
from rsbench.errors import RsbenchError

TRAINING = ("compare", "run")


@pytest.fixture(autouse=True)
def only_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Comparisons end where data and devices would be looked at, after names and numbers are checked."""
    monkeypatch.setattr("rsbench.run.compare.compare", lambda request, *_, **__: request.check() or 0)
    for name in ("RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def a_folder_of_a_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RSBENCH_TOKEN", "0123456789abcdef0123456789abcdef")
    for folder in ("results-a", "results-b", "rsbench-results"):
        (tmp_path / folder).mkdir()
    (tmp_path / "examples").symlink_to(documents.ROOT / "examples")
    (tmp_path / "my_package").mkdir()
    (tmp_path / "my_package" / "nets.py").write_text("def make(num_classes): ...\n", encoding="utf-8")


def parsed(shown: Shown) -> click.Context:
    command: click.Command = main
    words = list(shown.words)
    while isinstance(command, click.Group) and words and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    return command.make_context(command.name, words)


def complaint(shown: Shown) -> str:
    """Return what is wrong with a command; an empty text where it is right."""
    try:
        context = parsed(shown)
        if context.command.name in TRAINING:
            context.command.invoke(context)
        if shown.words[0] == "data" and "name" in context.params:
            datasets.get(context.params["name"])
    except click.exceptions.Exit:  # --help and --version
        return ""
    except (click.ClickException, RsbenchError) as error:
        return f"{shown.text}: {getattr(error, 'message', error)}"
    return ""


def test_commands_are_right_or_marked() -> None:
    shown = documents.shown_commands()
    assert len(shown) > 200
    asked = [one for one in shown if not one.reason and not one.is_a_name]
    assert len(asked) > 150
    assert [wrong for one in asked if (wrong := complaint(one))] == []


def test_marks_are_needed() -> None:
    """A mark on a command that is right hides the next mistake in it."""
    marked = [one for one in documents.shown_commands() if one.reason]
    assert [one.text for one in marked if not complaint(one)] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("```sh\nrsbench compare --ratoi 50\n```\n", "page:2: rsbench compare --ratoi 50: "),
        ("    $ rsbench compare --compressor none \\\n        --compressor topkk  # a comment\n", "topkk"),
        ("Write `rsbench compare\n--dataset nwpu54`.\n", "nwpu54"),
        ("```sh\nRSBENCH_CACHE=/x rsbench run --compressor dgc:densty=0.1 | tee log\n```\n", "densty"),
        ("    srun rsbench compare --seeds 0,one && rm x\n", "one"),
    ],
)
def test_a_mistake_is_found(text: str, said: str) -> None:
    (shown,) = documents.commands_of("page", text)
    assert said in complaint(shown)


@pytest.mark.parametrize(
    ("text", "words", "reason"),
    [
        ("```sh\nrsbench list links  # all\n```\n", ("list", "links"), ""),
        ("<!-- not run: a sketch -->\n```sh\nrsbench compare MORE\n```\n", ("compare", "MORE"), "a sketch"),
        ("<!-- not run: a sketch -->\nSee `rsbench compare ...`.\n", ("compare", "..."), "a sketch"),
        ("    hostA$ rsbench report > a; rsbench scale\n", ("report",), ""),
    ],
)
def test_commands_are_found(text: str, words: tuple[str, ...], reason: str) -> None:
    (shown,) = documents.commands_of("page", text)
    assert (shown.words, shown.reason) == (words, reason)


def test_other_texts_hold_no_commands() -> None:
    assert (
        documents.commands_of("page", "```python\nrsbench compare\n```\nrsbench answers.\n\n    rsbench answers\n")
        == []
    )
