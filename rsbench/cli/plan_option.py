"""The option ``--plan``: a plan's values become the defaults of the other options, for each of its grids."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

import click

from rsbench.cli.options import one_decorator
from rsbench.errors import RsbenchError
from rsbench.planning import plan_file

PLAN: Final = "rsbench plan"
"""Where a click context keeps the plan."""
ALTERNATIVES: Final = (({"gpus"}, {"workers", "device"}), ({"ratio"}, {"density"}))
"""Options that exclude each other; one on the command line drops the other from a plan."""


def read_plan(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Make a plan's values the defaults of the other options, once both --plan and --plan-size are known."""
    said = ctx.meta.setdefault(PLAN, {})
    said[param.name] = value
    if len(said) == 2 and said["plan"] is not None:
        names = [option.name for option in ctx.command.params if option.name and option.name not in {*said, "help"}]
        plan = plan_file.read(plan_file.locate(said["plan"]), names, said["plan_size"])
        ctx.meta[PLAN] = plan
        ctx.default_map = {**(ctx.default_map or {}), **_repeatable_as_lists(ctx, plan.options)}
    return value


def _repeatable_as_lists(ctx: click.Context, values: Mapping[str, Any]) -> dict[str, Any]:
    repeatable = {option.name for option in ctx.command.params if getattr(option, "multiple", False)}
    return {
        name: [value] if name in repeatable and not isinstance(value, list) else value for name, value in values.items()
    }


plan_options = one_decorator(
    click.option(
        "--plan",
        metavar="NAME|FILE",
        is_eager=True,
        callback=read_plan,
        help="A shipped plan (`rsbench list plans`) or a TOML file with these options as keys; options given here win.",
    ),
    click.option(
        "--plan-size",
        type=click.Choice(plan_file.SIZES),
        default=plan_file.SIZES[0],
        show_default=True,
        is_eager=True,
        callback=read_plan,
        help="A plan's full size, or its quick one: minutes on two CPU cores.",
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
    typed = {name for name, source in sources.items() if source is click.core.ParameterSource.COMMANDLINE}
    planned = {name for name, source in sources.items() if source is click.core.ParameterSource.DEFAULT_MAP}
    options = {option.name: option for option in ctx.command.params}
    return [
        _settled(
            {**given, **{name: options[name].process_value(ctx, value) for name, value in own.items()}},
            typed,
            planned | own.keys(),
        )
        for own in (
            {name: value for name, value in _repeatable_as_lists(ctx, table).items() if name not in typed}
            for table in tables
        )
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
