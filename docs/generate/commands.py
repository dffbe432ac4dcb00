"""The page of all commands and their options, as click knows them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Final

import click

from generate.tables import code, shown, table
from rsbench.cli.main import main

_DEFAULT: Final = re.compile(r"(.*?)\s+\[([^\[\]]+)\]", re.DOTALL)
"""A help text that ends with the default in words."""


def page() -> str:
    """Return the page in Markdown."""
    parts = ["# Commands\n", "Every command, argument and option. This page is made from the command line itself.\n"]
    for path, command in commands(main, ("rsbench",)):
        parts.append(f"## `{' '.join(path)}`\n")
        parts.append(description(command))
        for heading, options in headed(command):
            parts += [f"### {heading} {{ #{'-'.join((*path, *heading.lower().split()))} }}\n"] if heading else []
            parts.append(table(("Option", "Default", "Meaning"), map(option_row, options)))
    return "\n".join(parts)


def commands(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield all commands below one, groups themselves left out."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    for name, below in sorted(command.commands.items()):
        if not below.hidden:
            yield from commands(below, (*path, name))


def description(command: click.Command) -> str:
    """Return the text of a command's help: paragraphs, and examples as code."""
    parts = []
    for paragraph in inspect.cleandoc(command.help or "").split("\f")[0].split("\n\n"):
        plain = paragraph.removeprefix("\b\n")
        if plain == paragraph:
            parts.append(shown(plain) + "\n")
        else:
            parts.append(f"```text\n{plain.rstrip()}\n```\n")
    return "\n".join(parts)


def headed(command: click.Command) -> list[tuple[str, list[click.Parameter]]]:
    """Return the parameters under the headings of the help, in its order; without headings there is one, ``""``."""
    groups = getattr(command, "option_groups", None) or ()
    found = [(str(group.title), [one for one in group.options if not one.hidden]) for group in groups]
    placed = {id(one) for _, options in found for one in options}
    rest = [one for one in command.params if id(one) not in placed and not getattr(one, "hidden", False)]
    return [(title, options) for title, options in [*found, ("Other options" if found else "", rest)] if options]


def option_row(parameter: click.Parameter) -> tuple[str, str, str]:
    """Return names, default and meaning of an option or an argument."""
    if not isinstance(parameter, click.Option):
        return code(parameter.make_metavar(click.Context(main))), "", getattr(parameter, "help", None) or ""
    names = ", ".join(map(code, (*parameter.opts, *parameter.secondary_opts)))
    value = "" if parameter.is_flag or parameter.count else parameter.make_metavar(click.Context(main))
    repeats = " (repeats)" if parameter.multiple else ""
    meaning, said = _split_default(parameter.help or "")
    return f"{names} {code(value)}{repeats}".strip(), code(said or default_of(parameter)), meaning


def _split_default(help_text: str) -> tuple[str, str]:
    """Return an option's meaning, and the default that its help ends with in square brackets."""
    found = _DEFAULT.fullmatch(help_text)
    return (found[1], found[2]) if found else (help_text, "")


def default_of(option: click.Option) -> str:
    """Return an option's default as a user would write it; nothing where there is none."""
    default = option.to_info_dict()["default"]
    if option.is_flag or default is None or default in ((), "", False):
        return ""
    return ",".join(map(str, default)) if isinstance(default, (tuple, list)) else str(default)
