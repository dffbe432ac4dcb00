"""The commands that README, pages and help texts show, and the marks of those that no test runs."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import click

from rsbench.cli.main import main

ROOT = Path(__file__).parents[2]
HISTORY = ("CHANGELOG.md",)
"""Tells of commands that were."""
MARK = re.compile(r"<!-- not run: (?P<reason>[^>]+?) -->")
COMMAND = re.compile(r"(?:^|[\s/'\"`])rsbench (?P<words>(?:-|[a-z]).*)")
INLINE = re.compile(r"`(?P<text>(?:[^`]*\s)?rsbench [^`]+)`")
SHELLS = ("", "sh", "bash", "console", "text")
"""Languages of blocks that may hold commands."""
ENDS = frozenset("|&;<>()")
"""What follows these is no part of the command."""


class Line(NamedTuple):
    """A line of a block, or a piece of code in a sentence, with the mark that stands before it."""

    number: int
    text: str
    reason: str
    is_inline: bool


@dataclass(frozen=True)
class Shown:
    """A command that a document shows.

    Attributes:
        where: file and line, or the command whose help it is.
        words: after ``rsbench``.
        reason: why it is not checked, from the mark before it; empty without a mark.
        is_inline: it is part of a sentence.
    """

    where: str
    words: tuple[str, ...]
    reason: str = ""
    is_inline: bool = False

    @property
    def is_a_name(self) -> bool:
        """Whether a sentence only names a command, as in "`rsbench slurm` writes a script"."""
        return self.is_inline and all(re.fullmatch(r"[a-z0-9]+", word) for word in self.words)

    @property
    def text(self) -> str:
        return f"{self.where}: rsbench {shlex.join(self.words)}"


def shown_commands() -> list[Shown]:
    """Return the commands of all documents and of all help texts."""
    paths = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")])
    found = []
    for path in paths:
        name = str(path.relative_to(ROOT))
        found += [] if name in HISTORY else commands_of(name, path.read_text(encoding="utf-8"))
    return [*found, *commands_of_helps(main, "rsbench")]


def commands_of(name: str, text: str) -> list[Shown]:
    """Return the commands of one Markdown text."""
    return [
        Shown(f"{name}:{line.number}", words, line.reason or shortened(words), line.is_inline)
        for line in lines_of(text)
        if (words := words_of(line.text))
    ]


def shortened(words: tuple[str, ...]) -> str:
    """Return why a command with ``...`` cannot run; an empty text for others."""
    return "it is shortened" if "..." in words else ""


def commands_of_helps(command: click.Command, name: str) -> Iterator[Shown]:
    """Yield the examples of a command's help, and of those below it."""
    for line in (command.help or "").splitlines():
        example = re.split(r"\s{3,}", line.strip())[0]  # a comment may follow in a second column
        if example.startswith("rsbench ") and (words := words_of(example)):
            yield Shown(f"{name} --help", words)
    for below in getattr(command, "commands", {}).values():
        yield from commands_of_helps(below, f"{name} {below.name}")


def lines_of(text: str) -> Iterator[Line]:
    """Yield what may be a command. A mark holds for the next block, or the rest of its paragraph."""
    mark, language = "", None
    for number, line in joined(text):
        if line.startswith("```"):
            language, mark = (line[3:].strip(), mark) if language is None else (None, "")
        elif language is not None or line.startswith("    "):
            if (language or "") in SHELLS:
                yield Line(number, line, mark, is_inline=False)
        elif found := MARK.fullmatch(line.strip()):
            mark = found["reason"]
        else:
            for code in INLINE.finditer(line):
                yield Line(number, code["text"], mark, is_inline=True)
            mark = mark if line.strip() else ""


def joined(text: str) -> Iterator[tuple[int, str]]:
    """Yield lines with their numbers; a backslash at the end, or open code, takes the next line in."""
    number, held = 0, ""
    for count, line in enumerate(text.splitlines(), 1):
        number = number if held else count
        held = f"{held} {line.strip()}" if held else line
        is_open = "`rsbench" in held and held.count("`") % 2 == 1
        if held.endswith("\\") or is_open:
            held = held.removesuffix("\\").rstrip()
            continue
        yield number, held
        held = ""


def words_of(line: str) -> tuple[str, ...]:
    """Return the words after ``rsbench`` on a line; none where the line has no command."""
    found = COMMAND.search(line)
    if not found or not is_known(found["words"].split()[0]):
        return ()
    lexer = shlex.shlex(found["words"], posix=True, punctuation_chars="".join(ENDS))
    lexer.whitespace_split, lexer.commenters = True, "#"
    words: list[str] = []
    for word in lexer:
        if ENDS.issuperset(word):
            break
        words.append(word)
    return tuple(words)


def is_known(word: str) -> bool:
    """Whether ``rsbench WORD`` is a command; other texts only speak of rsbench."""
    return word in ("--help", "--version", *main.commands)  # type: ignore[attr-defined]
