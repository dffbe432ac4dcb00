"""Commands whose help has headings, and whose options environment variables can set."""

from __future__ import annotations

from collections import UserDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import click
import cloup
from cloup import OptionGroup
from cloup.formatting import HelpSection

from rsbench.cli.grammar import variables
from rsbench.cli.grammar.lists import ListOption

COMPARE: Final = "What to compare"
TRAIN: Final = "How to train"
BYTES: Final = "Bytes"
EXCHANGE: Final = "Exchange"
MACHINES: Final = "Devices and machines"
LINKS: Final = "Links"
DATA: Final = "Data and results"
STUDY: Final = "Long studies"
INTERRUPTIONS: Final = "Interruptions and failures"
JUDGING: Final = "Judging"
PLAN: Final = "Plan"
CLUSTER: Final = "Asked of the cluster"
SCRIPT: Final = "Script"
TABLES: Final = "Tables"
TIMED: Final = "What to time"
BESIDE: Final = "Timed beside"
OUTPUT: Final = "Output"
HEADINGS: Final = (
    *(COMPARE, BYTES, EXCHANGE, TRAIN, MACHINES, LINKS, PLAN, DATA, STUDY, INTERRUPTIONS, JUDGING, CLUSTER, SCRIPT),
    *(TABLES, TIMED, BESIDE),
    OUTPUT,
)
"""The headings of option lists, in the order in which help shows them."""
EXIT_CODES: Final = (
    "Exit codes: 0 done, 1 a cell, check or program failed, 2 a mistake in what was asked for, 130 stopped by Ctrl-C, "
    "143 stopped by SIGTERM."
)


def heading(title: str, *options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return options as one decorator; help shows them below a heading.

    Args:
        title: one of :data:`HEADINGS`; options of several decorators with the same title stand together.
        options: decorators such as :func:`click.option`.
    """
    if title not in HEADINGS:
        raise ValueError(f"{title!r} is no heading")
    return cloup.option_group(title, *options)


class Command(cloup.Command):
    """A command whose help has headings, environment variables and exit codes."""

    def __init__(self, *arguments: Any, params: list[click.Parameter] | None = None, **more: Any) -> None:
        super().__init__(*arguments, params=_merged(params or []), **more)
        self.option_groups.sort(key=lambda group: HEADINGS.index(group.title))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words of the command line, after each option has got the name of its variable."""
        variables.name_variables(ctx)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, after saying what the environment changes."""
        variables.say_variables(ctx)
        return super().invoke(ctx)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what holds for each command at the end of its help."""
        formatter.write_paragraph()
        options = variables.options_of(self)
        if any(type(option) is ListOption for option in options):
            formatter.write_text("Lists: commas separate values; repeating an option adds to its list.")
        if options:
            formatter.write_text(f"Environment: each option has a variable, as {variables.say_example(ctx, options)}.")
        formatter.write_text(EXIT_CODES)


@dataclass(frozen=True)
class Entry:
    """A command that is imported when somebody asks for it.

    Attributes:
        name: of the command.
        module: in which it is the :class:`click.Command` of that name.
        help: one line for the list of commands.
    """

    name: str
    module: str
    help: str

    def load(self) -> click.Command:
        """Return the command."""
        found = vars(import_module(self.module)).values()
        return next(one for one in found if isinstance(one, click.Command) and one.name == self.name)


class _Commands(UserDict[str, Any]):
    """Commands by name; one that is an :class:`Entry` is imported when it is looked up."""

    def __getitem__(self, name: str) -> Any:
        if isinstance(self.data[name], Entry):
            self.data[name] = self.data[name].load()
        return self.data[name]


class Group(cloup.Group):
    """A group of such commands.

    Args:
        arguments: as :class:`cloup.Group` takes them.
        entries: heading -> commands that are imported when they are asked for.
        more: as :class:`cloup.Group` takes them.
    """

    command_class = Command

    def __init__(self, *arguments: Any, entries: Mapping[str, Sequence[Entry]] | None = None, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.entries = dict(entries or {})
        listed = {entry.name: entry for several in self.entries.values() for entry in several}
        self.commands = _Commands({**self.commands, **listed})

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands under their headings, without importing them."""
        if not self.entries:
            super().format_commands(ctx, formatter)
            return
        assert isinstance(formatter, cloup.HelpFormatter)
        rows = {title: [(entry.name, entry.help) for entry in several] for title, several in self.entries.items()}
        formatter.write_aligned_sections([HelpSection(title, definitions) for title, definitions in rows.items()])

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands."""
        return list(self.commands)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write where the rest of the help is."""
        formatter.write_paragraph()
        formatter.write_text(f"Options of a command: {ctx.command_path} COMMAND --help.")


def _merged(parameters: Sequence[click.Parameter]) -> list[click.Parameter]:
    """Return the parameters; those under equal headings share one group."""
    groups: dict[str, OptionGroup] = {}
    for one in parameters:
        group: OptionGroup | None = getattr(one, "group", None)
        if group is not None:
            one.group = groups.setdefault(group.title, OptionGroup(group.title))  # type: ignore[attr-defined]
    return list(parameters)
