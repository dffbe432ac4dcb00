"""A comparison from Python: the command line's own, in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import click

from rsbench.cli.grammar.sentences import hinted
from rsbench.cli.main import main
from rsbench.console import complain
from rsbench.errors import RsbenchError, did_you_mean
from rsbench.frames.results import Results, load
from rsbench.parent_death import end_with_parent

_LAST_WORDS: Final = 20
"""Lines of a command that failed of which an error may be told."""


def compare(**options: Any) -> Results:
    """Run what is not done of a comparison, and return all that its result folder holds.

    It is ``rsbench compare`` in a process of its own: it needs no ``__main__`` guard, and its progress is printed to
    standard error. An interrupt ends it as Ctrl-C does; the same call goes on later.

    Args:
        options: the options of ``rsbench compare`` by their long names, ``max_steps=100`` for ``--max-steps 100``;
            lists for options that repeat, True for flags. None, or False for a flag without an opposite, is as if it
            were not given.

    Returns:
        The results in ``out``, as :func:`rsbench.load` returns them. A cell that failed is a row of its ``cells``.

    Raises:
        RsbenchError: what the command line refuses, or no cell is recorded.
        KeyboardInterrupt: it was interrupted.
    """
    if options.get("dry_run"):
        raise RsbenchError("dry_run runs no cell, so there is nothing to return: use `rsbench compare --dry-run`.")
    command = main.commands["compare"]
    words = list(_words(_spellings(command), options))
    out = _out(command, words)
    code, said = _run([sys.executable, "-m", "rsbench", "compare", *words])
    if code == 2:
        raise RsbenchError(_reason(said))
    if code < 0 or code > 128:
        raise KeyboardInterrupt
    return load(out)


def _out(command: click.Command, words: list[str]) -> Path:
    """Return the result folder that the words, a plan or the environment name.

    Raises:
        RsbenchError: the command line refuses the words.
    """
    try:
        with (
            main.make_context("rsbench", [command.name or "", *words]) as group,
            command.make_context(command.name, list(words), parent=group) as asked,  # click empties its list
        ):
            return Path(asked.params["out"])
    except click.UsageError as problem:
        raise RsbenchError(hinted(problem)) from problem


def _spellings(command: click.Command) -> dict[str, tuple[click.Option, str]]:
    """Return keyword -> option and its spelling; ``fast`` is the opposite of ``deterministic``, and both are there."""
    found: dict[str, tuple[click.Option, str]] = {}
    for option in (one for one in command.params if isinstance(one, click.Option)):
        spelt = (*option.opts, *option.secondary_opts)
        found |= {one[2:].replace("-", "_"): (option, one) for one in spelt if one.startswith("--")}
        found.setdefault(option.name or "", (option, max(option.opts, key=len)))
    return found


def _words(known: Mapping[str, tuple[click.Option, str]], options: Mapping[str, Any]) -> Iterator[str]:
    """Yield options as words of a command line.

    Raises:
        RsbenchError: there is no such option, or it takes one value.
    """
    for name, value in options.items():
        if name not in known:
            raise RsbenchError(f'compare takes no "{name}".{did_you_mean(name, known)}')
        option, spelt = known[name]
        if value is None:
            continue
        if option.is_flag:
            yield from _flag(option, spelt, name, value)
            continue
        values = [value] if isinstance(value, str) or not isinstance(value, Iterable) else list(value)
        if len(values) != 1 and not option.multiple:
            values = [",".join(map(str, values))]  # the command line says what is wrong with it
        yield from (f"{spelt}={one}" for one in values)


def _flag(option: click.Option, spelt: str, name: str, value: Any) -> list[str]:
    if not isinstance(value, bool):
        raise RsbenchError(f"{name} is {value!r}, but must be True or False.")
    opposite = option.secondary_opts if spelt in option.opts else option.opts
    return [spelt] if value else [max(opposite, key=len)] if opposite else []


def _run(command: list[str]) -> tuple[int, list[str]]:
    """Run a command; return its exit code and the last lines of its standard error, which are printed as they come.

    An interrupt is handed on once, and the command is waited for: its workers end, and what is done stays.
    """
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="backslashreplace",
        start_new_session=True,  # a notebook's interrupt reaches it once, from here
        preexec_fn=end_with_parent(os.getpid()),  # noqa: PLW1509 - it allocates nothing
    ) as process:
        said: list[str] = []
        try:
            _follow(process, said)
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)
            _follow(process, said)
            raise
        return process.wait(), said


def _follow(process: subprocess.Popen[str], said: list[str]) -> None:
    """Print a process's standard error to its end, and keep the last lines."""
    assert process.stderr is not None
    for line in process.stderr:
        complain(line.rstrip("\n"))
        said.append(line.rstrip("\n"))
        del said[:-_LAST_WORDS]


def _reason(said: list[str]) -> str:
    """Return what a command said of why it ended."""
    errors = [line.removeprefix("Error: ") for line in said if line.startswith("Error: ")]
    return errors[-1] if errors else "\n".join(said) or "rsbench compare ended without a word."
