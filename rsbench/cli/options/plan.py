"""The option ``--plan``: a plan's values become the defaults of the other options, for each of its grids."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click

from rsbench.cli.grammar import completion
from rsbench.cli.grammar.command import PLAN as PLAN_HEADING
from rsbench.cli.grammar.command import heading
from rsbench.errors import RsbenchError
from rsbench.planning import plan_file

PLAN: Final = "rsbench plan"
"""Where a click context keeps the plan."""
_PEOPLES: Final = frozenset({"help", "yes"})
"""Options that only a person gives."""
_FEW: Final = 60
"""Characters of a value in an error."""
ALTERNATIVES: Final = (({"gpus"}, {"workers", "device"}), ({"ratio"}, {"density"}))
"""Options that exclude each other; one on the command line drops the other from a plan."""


def read_plan(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Make a plan's values the defaults of the other options, once both --plan and --plan-size are known."""
    said = ctx.meta.setdefault(PLAN, {})
    said[param.name] = value
    if len(said) == 2 and said["plan"] is not None:
        options = {option.name: option for option in ctx.command.params if option.name}
        path = plan_file.locate(said["plan"])
        plan = plan_file.read(path, options.keys() - {*said, *_PEOPLES}, said["plan_size"])
        every = [_as_typed(ctx, path, options, table) for table in (plan.options, *plan.grids)]
        ctx.meta[PLAN] = replace(plan, options=every[0], grids=tuple(every[1:]))
        ctx.default_map = {**(ctx.default_map or {}), **every[0]}
    return value


def _as_typed(
    ctx: click.Context, path: Path, options: Mapping[str, click.Parameter], table: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a plan's values as a user would type them, lists where an option may be repeated.

    Raises:
        RsbenchError: a value is not of the option's kind, or the option refuses it.
    """
    typed: dict[str, Any] = {}
    for name, value in table.items():
        option, where = options[name], f"The plan {path} has {name.replace('_', '-')} = {_shown(value)}"
        wanted = _not_of_its_kind(option, value)
        if wanted:
            raise RsbenchError(f"{where}, but that option takes {wanted}.")
        items = [item if isinstance(item, bool) else str(item) for item in (value if _is_list(value) else [value])]
        typed[name] = items if getattr(option, "multiple", False) else items[0]
        try:
            option.process_value(ctx, typed[name])
        except click.UsageError as error:
            raise RsbenchError(f"{where}: {error.message.rstrip('.')}.") from error
    return typed


def _not_of_its_kind(option: click.Parameter, value: Any) -> str:
    """Return what an option takes where a plan's value is something else, empty where it is right."""
    items = value if _is_list(value) else [value]
    if _is_list(value) and not getattr(option, "multiple", False):
        return "one value"
    if not items:
        return "at least one value"
    if isinstance(option.type, click.types.BoolParamType):
        return "" if isinstance(value, bool) else "true or false"
    is_text = isinstance(option.type, click.Path | click.Choice)
    if any(isinstance(item, bool) or (is_text and not isinstance(item, str)) for item in items):
        return "a text in quotes" if is_text else "a text or a number"
    return "texts without zero bytes" if any("\0" in str(item) for item in items) else ""


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _shown(value: Any) -> str:
    """Return a value in few words."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _FEW else f"{text[:_FEW]}..."


plan_options = heading(
    PLAN_HEADING,
    click.option(
        "--plan",
        metavar="NAME|FILE",
        is_eager=True,
        callback=read_plan,
        shell_complete=completion.plans,
        help="Take options from a plan: `rsbench list plans`, or a TOML file of yours.",
    ),
    click.option(
        "--plan-size",
        type=click.Choice(plan_file.SIZES),
        default=plan_file.SIZES[0],
        show_default=True,
        is_eager=True,
        callback=read_plan,
        help="The whole plan, or a quick one of minutes on two CPU cores.",
    ),
)


def plan_given(ctx: click.Context) -> plan_file.PlanFile | None:
    """Return the plan that a command was given, None without one."""
    plan = ctx.meta.get(PLAN)
    return plan if isinstance(plan, plan_file.PlanFile) else None


def grids_given(ctx: click.Context, given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the options of each grid of the plan; of a sole one without a plan.

    Raises:
        RsbenchError: options that exclude each other.
    """
    plan = plan_given(ctx)
    tables = ({},) if plan is None else plan.grids
    sources = {name: ctx.get_parameter_source(name) for name in given}
    above = (click.core.ParameterSource.COMMANDLINE, click.core.ParameterSource.ENVIRONMENT)
    typed = {name for name, source in sources.items() if source in above}
    planned = {name for name, source in sources.items() if source is click.core.ParameterSource.DEFAULT_MAP}
    options = {option.name: option for option in ctx.command.params}
    return [
        _settled(
            {**given, **{name: options[name].process_value(ctx, value) for name, value in own.items()}},
            typed,
            planned | own.keys(),
        )
        for own in ({name: value for name, value in table.items() if name not in typed} for table in tables)
    ]


def _settled(given: dict[str, Any], typed: Collection[str], planned: Collection[str]) -> dict[str, Any]:
    """Refuse options that exclude each other, and let the command line win over the plan."""
    for pair in ALTERNATIVES:
        said = [{name for name in names if given.get(name) not in {None, ()}} for names in pair]
        on_line = [bool(names & set(typed)) for names in said]
        in_plan = [bool(names & set(planned)) for names in said]
        for this, other in ((0, 1), (1, 0)):
            if on_line[this] and not on_line[other]:
                for name in pair[other]:
                    given[name] = None if name in {"density", "device"} else ()
        if all(on_line) or (all(in_plan) and not any(on_line)):
            words = [" and ".join(f"--{name}" for name in sorted(names, reverse=True)) for names in pair]
            raise RsbenchError(f"{words[0]} excludes {words[1]}: give one or the other.")
    return given
