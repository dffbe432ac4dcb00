"""Environment variables: ``RSBENCH_COMPARE_DATA_ROOT`` for ``rsbench compare --data-root``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import click
from click.core import ParameterSource

from rsbench.console import complain
from rsbench.errors import closest

PREFIX: Final = "RSBENCH"
_NEVER: Final = frozenset({"help", "version"})
"""Options that no variable sets."""
_OTHERS: Final = ("CACHE", "TOKEN", "LEASE_S", "GIT_SHA", "LINK_", "UPDATE_GOLDEN", "AXE", "TEST_", "LEFT_BEHIND")
"""What follows the prefix in variables that set no option, or what it begins with."""


def options_of(command: click.Command) -> list[click.Option]:
    """Return the options of a command that a variable can set."""
    return [one for one in command.params if isinstance(one, click.Option) and one.name not in _NEVER]


def prefix_of(ctx: click.Context) -> str:
    """Return what the variables of a command begin with, such as ``RSBENCH_DATA_FETCH_``."""
    words: list[str] = []
    while ctx.parent is not None:
        words.insert(0, ctx.info_name or "")
        ctx = ctx.parent
    return "_".join([PREFIX, *(word.replace("-", "_").upper() for word in words), ""])


def variable_name(ctx: click.Context, option: click.Option) -> str:
    """Return the name of an option's own variable."""
    return prefix_of(ctx) + long_spelling(option).lstrip("-").replace("-", "_").upper()


def say_example(ctx: click.Context, options: Sequence[click.Option]) -> str:
    """Return one option of a command with its variable."""
    option = next((one for one in options if one.name == "data_root"), options[0])
    return f"{variable_name(ctx, option)} for {long_spelling(option)}"


def name_variables(ctx: click.Context) -> None:
    """Give each option of a command its variable, called as its long spelling; one that it shares comes second."""
    for option in options_of(ctx.command):
        own = variable_name(ctx, option)
        shared = [] if option.envvar is None else [option.envvar] if isinstance(option.envvar, str) else option.envvar
        option.envvar = [own, *(name for name in shared if name != own)]


def long_spelling(option: click.Option) -> str:
    """Return an option's first long spelling, such as ``--data-root``."""
    return next((name for name in option.opts if name.startswith("--")), option.opts[0])


def variable_in_use(option: click.Parameter, environment: Mapping[str, str]) -> str | None:
    """Return the variable that an option takes its value from, None where none of its variables is set."""
    names = [option.envvar] if isinstance(option.envvar, str) else option.envvar or ()
    return next((name for name in names if environment.get(name)), None)


def used(ctx: click.Context) -> Iterator[tuple[click.Option, str]]:
    """Yield the options of a command that variables have set, each with the variable's name."""
    for option in options_of(ctx.command):
        if ctx.get_parameter_source(option.name or "") is ParameterSource.ENVIRONMENT:
            name = variable_in_use(option, os.environ)
            if name is not None:
                yield option, name


def assignments(ctx: click.Context) -> list[str]:
    """Return the variables that have set options, as a shell writes them: ``RSBENCH_COMPARE_RATIO=50``."""
    return [f"{name}={os.environ[name]}" for _, name in used(ctx)]


def as_options(ctx: click.Context) -> list[str]:
    """Return what variables have set as words of a command line."""
    words: list[str] = []
    for option, name in used(ctx):
        if not option.is_flag:
            words += [long_spelling(option), os.environ[name]]
        elif ctx.params.get(option.name or ""):
            words.append(long_spelling(option))
        else:
            words += option.secondary_opts[:1]
    return words


def _is_nobodys(name: str, ctx: click.Context) -> bool:
    """Return whether a variable has our prefix, and neither a command nor anything else reads it."""
    root = ctx.find_root().command
    commands = [f"{each.upper()}_" for each in root.list_commands(ctx)] if isinstance(root, click.Group) else []
    ours, _, rest = name.partition("_")
    return ours == PREFIX and bool(rest) and not rest.startswith((*_OTHERS, *commands))


def say_variables(ctx: click.Context) -> None:
    """Say on standard error which variables set options, and which are misspelt."""
    known = {name.lower(): name for option in options_of(ctx.command) for name in option.envvar or ()}
    prefix = prefix_of(ctx)
    for name in sorted(os.environ):
        if name.startswith(prefix) and name not in known.values():
            close = closest(name.lower(), known)
            hint = f" Did you mean {known[close]}?" if close else ""
            complain(f"Warning: The environment variable {name} sets no option of {ctx.command_path}.{hint}")
        elif _is_nobodys(name, ctx):
            meant = name.replace(f"{PREFIX}_", prefix, 1)
            hint = f" Did you mean {meant}?" if meant.lower() in known else ""
            complain(f"Warning: The environment variable {name} sets nothing.{hint}")
    words = assignments(ctx)
    if words and not ctx.params.get("quiet"):
        complain(f"From the environment: {' '.join(words)}")
