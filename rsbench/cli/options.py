"""The options that commands share, in groups, and how they become a request. No heavy import here."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from rsbench.cell import DEVICES, MATCHES, OPTIMIZERS, SCHEDULES, Recipe
from rsbench.errors import RsbenchError
from rsbench.planning import grid, plan_file
from rsbench.planning.devices import DeviceRequest

if TYPE_CHECKING:
    from rsbench.planning.request import Request

PLAN: Final = "rsbench.planning.grid"
"""Where a click context keeps the plan."""
Command = TypeVar("Command", bound=Callable[..., Any])
ALTERNATIVES: Final = (({"gpus"}, {"workers", "device"}), ({"ratio"}, {"density"}))
"""Options that exclude each other; one on the command line drops the other from a plan."""


def read_duration(ctx: click.Context, param: click.Parameter, text: str) -> float:
    """Return the seconds that ``90``, ``90s``, ``30m`` or ``2h`` stand for."""
    unit = {"s": 1, "m": 60, "h": 3600}.get(text[-1:], 0)
    try:
        seconds = float(text[:-1]) * unit if unit else float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise click.BadParameter(f"{text!r} is no duration above 0; write 90s, 30m or 2h.", ctx, param)
    return seconds


def read_duration_if_given(ctx: click.Context, param: click.Parameter, text: str | None) -> float | None:
    """Return :func:`read_duration`, or None for an option that was not given."""
    return None if text is None else read_duration(ctx, param, text)


def _all(*decorators: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Return the decorators as one, first on top."""

    def decorate(command: Command) -> Command:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


grid_options = _all(
    click.option("--dataset", multiple=True, metavar="NAME", help="Data set; repeat to compare several.  [synthetic]"),
    click.option(
        "--model",
        multiple=True,
        metavar="NAME",
        help="Network, see `rsbench list models`; repeat.  [the data set's own]",
    ),
    click.option(
        "--compressor",
        multiple=True,
        metavar="NAME[:KEY=VALUE,...]",
        help="Compressor, see `rsbench list compressors -v`; repeat.  [none topk dgc rsdgc]",
    ),
    click.option("--ratio", multiple=True, type=float, metavar="X", help="X times fewer bytes than dense.  [100]"),
    click.option(
        "--lr",
        multiple=True,
        type=float,
        metavar="LR",
        help="Learning rate; repeat: each method needs its own.  [the data set's own]",
    ),
    click.option(
        "--seeds", default="0", metavar="0,1,2", show_default=True, help="Repeats: split, weights and batches."
    ),
)
"""What the cells of a grid differ in."""

tuning_options = _all(
    click.option(
        "--tuning-seed",
        type=int,
        metavar="N",
        help="Run all learning rates at this seed only; its validation score decides which one runs at --seeds.",
    ),
    click.option(
        "--budget",
        callback=read_duration_if_given,
        metavar="TIME",
        help="Begin no cell after so much time: 90s, 100m, 2h; the same command goes on later.",
    ),
)
"""How a long study is cut into pieces."""

cell_options = _all(
    click.option("--dataset", default="synthetic", metavar="NAME", show_default=True, help="Data set."),
    click.option("--model", metavar="NAME", help="Network, see `rsbench list models`.  [the data set's own]"),
    click.option("--compressor", default="none", metavar="NAME[:KEY=VALUE,...]", show_default=True, help="Compressor."),
    click.option("--ratio", type=float, metavar="X", help="X times fewer bytes than dense.  [100]"),
    click.option("--lr", type=float, metavar="LR", help="Learning rate.  [the data set's own]"),
    click.option("--seed", default=0, show_default=True, help="Decides split, weights and batches."),
)
"""The same for one cell."""

byte_options = _all(
    click.option("--density", type=float, metavar="R", help="Send this share of the elements, instead of --ratio."),
    click.option(
        "--match",
        type=click.Choice(MATCHES),
        default="payload",
        show_default=True,
        help="Which bytes --ratio counts: handed to collectives, modelled on the wire, or simply density 1/X.",
    ),
)

device_options = _all(
    click.option(
        "--gpus", multiple=True, type=int, metavar="N", help="Workers on so many GPUs of each node; repeat.  [all]"
    ),
    click.option(
        "--workers",
        multiple=True,
        type=int,
        metavar="N",
        help="Workers on each node; repeat.  [2 on a machine without GPU]",
    ),
    click.option("--device", type=click.Choice(DEVICES), help="What each worker trains on."),
)

training_options = _all(
    click.option("--epochs", type=int, metavar="N", help="Passes over the training samples.  [the data set's own]"),
    click.option("--max-steps", type=int, metavar="N", help="Stop each cell after N steps."),
    click.option("--batch-size", type=int, metavar="N", help="Samples per worker and step.  [the data set's own]"),
    click.option("--image-size", type=int, metavar="PX", help="Side of images or patches.  [the data set's own]"),
    click.option(
        "--split",
        default="official",
        show_default=True,
        metavar="official|A/B/C|A/B",
        help="Percent for train/val/test or train/test; official: the set's own lists, else its default. Pixels of a "
        "scene are drawn in blocks; random:A/B/C draws single ones, which leaks.",
    ),
    click.option("--weights", metavar="NAME|FILE", help="Initial weights: torchvision enum or a file.  [random]"),
    click.option(
        "--optimizer",
        type=click.Choice(OPTIMIZERS),
        help="With adam, compressors keep no momentum.  [the data set's own]",
    ),
    click.option("--momentum", type=float, default=Recipe.momentum, show_default=True, help="Of SGD."),
    click.option("--weight-decay", type=float, default=Recipe.weight_decay, show_default=True, help="Of SGD."),
    click.option(
        "--schedule",
        type=click.Choice(SCHEDULES),
        default=Recipe.schedule,
        show_default=True,
        help="Learning rate.",
    ),
    click.option(
        "--warmup-epochs",
        type=float,
        default=Recipe.warmup_epochs,
        show_default=True,
        help="Over which the rate rises; at most a quarter of the run.",
    ),
    click.option("--clip-norm", type=float, metavar="X", help="Clip the averaged gradient to this norm.  [off]"),
    click.option(
        "--label-smoothing",
        type=float,
        default=Recipe.label_smoothing,
        show_default=True,
        help="Share of the target spread.",
    ),
    click.option("--channels-last", is_flag=True, help="Memory layout for tensor cores."),
    click.option("--bf16", is_flag=True, help="Train under bfloat16 autocast."),
    click.option(
        "--bucket-cap-mb", type=float, default=Recipe.bucket_cap_mb, show_default=True, help="Bucket size of DDP."
    ),
)

place_options = _all(
    click.option(
        "--out",
        type=click.Path(path_type=Path),
        default=Path("rsbench-results"),
        show_default=True,
        help="Result folder; what is done there is not run again.",
    ),
    click.option(
        "--data-root",
        type=click.Path(path_type=Path),
        default=Path("data"),
        show_default=True,
        help="Data sets stand here.",
    ),
    click.option("--strict-data", is_flag=True, help="Refuse incomplete data sets instead of warning."),
    click.option(
        "--timeout",
        callback=read_duration,
        metavar="TIME",
        default="24h",
        show_default=True,
        help="For each cell: 90s, 30m, 2h.",
    ),
    click.option("--tensorboard", is_flag=True, help="Write TensorBoard event files of each cell (an extra)."),
    click.option("--rerun", is_flag=True, help="Run cells again that are done."),
)

node_options = _all(
    click.option("--nnodes", type=int, default=1, show_default=True, help="Machines; run the same command on each."),
    click.option("--node-rank", type=int, default=0, show_default=True, help="Which of them this is; 0 decides."),
    click.option("--rdzv-endpoint", default="", metavar="HOST:PORT", help="An address of node 0 that all nodes reach."),
)


def read_plan(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Make a plan's values the defaults of the other options, once both --plan and --plan-size are known."""
    said = ctx.meta.setdefault(PLAN, {})
    said[param.name] = value
    if len(said) == 2 and said["plan"] is not None:
        names = [option.name for option in ctx.command.params if option.name and option.name not in {*said, "help"}]
        found = plan_file.read(plan_file.locate(said["plan"]), names, said["plan_size"])
        ctx.meta[PLAN] = found
        ctx.default_map = {**(ctx.default_map or {}), **_repeatable_as_lists(ctx, found.options)}
    return value


def _repeatable_as_lists(ctx: click.Context, values: Mapping[str, Any]) -> dict[str, Any]:
    repeatable = {option.name for option in ctx.command.params if getattr(option, "multiple", False)}
    return {
        name: [value] if name in repeatable and not isinstance(value, list) else value for name, value in values.items()
    }


plan_options = _all(
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


def grids_given(ctx: click.Context, given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the options of each grid of the plan; of a sole one without a plan.

    Raises:
        RsbenchError: options that exclude each other.
    """
    found = ctx.meta.get(PLAN)
    tables = found.grids if isinstance(found, plan_file.PlanFile) else ({},)
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


def request_from(ctx: click.Context, given: Mapping[str, Any]) -> Request:
    """Return the request that parsed options stand for.

    Args:
        ctx: of the command, which knows where each value comes from, and the plan.
        given: parameter name -> value, as click hands them over.

    Raises:
        RsbenchError: options that exclude each other or nodes that do not fit together.
    """
    from rsbench.planning.devices import Nodes
    from rsbench.planning.request import Request

    nodes = Nodes(count=given["nnodes"], rank=given["node_rank"], endpoint=given["rdzv_endpoint"])
    nodes.check()
    found = ctx.meta.get(PLAN)
    return Request(
        grids=tuple(_grid(one) for one in grids_given(ctx, given)),
        out=given["out"],
        data_root=given["data_root"],
        argv=command_line(),
        nodes=nodes,
        timeout_s=given["timeout"],
        budget_s=given.get("budget"),
        strict_data=given["strict_data"],
        dry_run=given.get("dry_run", False),
        rerun=given["rerun"],
        tensorboard=given["tensorboard"],
        ours=found.ours if isinstance(found, plan_file.PlanFile) else (),
    )


def _grid(given: Mapping[str, Any]) -> grid.Grid:
    """Return the grid that parsed options stand for."""
    recipe = Recipe(**{field.name: given[field.name] for field in fields(Recipe)})
    chosen: dict[str, Any] = {
        "datasets": given["dataset"],
        "models": given["model"],
        "compressors": given["compressor"],
        "ratios": given["ratio"],
        "lrs": given["lr"],
    }
    chosen = {name: grid.unique(values) for name, values in chosen.items() if values}
    return grid.Grid(
        **chosen,
        density=given["density"],
        tuning_seed=given.get("tuning_seed"),
        seeds=grid.parse_seeds(given["seeds"]),
        match=given["match"],
        devices=DeviceRequest(
            gpus=grid.unique(given["gpus"]), workers=grid.unique(given["workers"]), device=given["device"]
        ),
        epochs=given["epochs"],
        batch_size=given["batch_size"],
        image_size=given["image_size"],
        optimizer=given["optimizer"],
        recipe=recipe,
    )


def command_line() -> list[str]:
    """Return the command as a user types it."""
    return [os.path.basename(sys.argv[0]) or "rsbench", *sys.argv[1:]]
