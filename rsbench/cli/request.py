"""From parsed options to a request."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, Final

import click

from rsbench.cell import Recipe
from rsbench.cli.grammar.variables import as_options, assignments
from rsbench.cli.options.plan import grids_given, plan_given
from rsbench.cluster.slurm_step import nodes_of_step
from rsbench.console import complain
from rsbench.errors import RsbenchError
from rsbench.judging import Judging
from rsbench.links.contact import Contact, parse_contact
from rsbench.links.worker_links import parse_worker_links
from rsbench.loggers.names import read_names
from rsbench.planning.devices import TOKEN_VARIABLE, DeviceRequest, Nodes
from rsbench.planning.grid import Grid, check_size, parse_seeds, unique
from rsbench.planning.request import Request
from rsbench.planning.survival import Survival
from rsbench.recipe.prune import parse_prune
from rsbench.recipe.sync import parse_sync

NO_LINK: Final = "none"
"""What ``--link`` calls the machine as it is, nothing emulated."""
TOKEN_CHARACTERS: Final = 16
"""A secret of fewer characters is refused."""


def request_from(ctx: click.Context, given: Mapping[str, Any]) -> Request:
    """Return the request that parsed options stand for.

    Args:
        ctx: of the command, which knows where each value comes from, and the plan.
        given: parameter name -> value, as click hands them over.

    Raises:
        RsbenchError: options that exclude each other or nodes that do not fit together.
    """
    nodes = _nodes(ctx, given)
    nodes.check()
    token = _token(given["no_token"]) if nodes.count > 1 else ""
    plan = plan_given(ctx)
    return Request(
        grids=tuple(_grid(one) for one in grids_given(ctx, given)),
        out=given["out"],
        data_root=given["data_root"],
        argv=command_line(ctx),
        nodes=nodes,
        token=token,
        interface=given["interface"],
        timeout_s=given["timeout"],
        stall_timeout_s=given["stall_timeout"],
        fresh_workers=given["fresh_workers"],
        budget_s=given.get("budget"),
        leave_busy=given.get("leave_busy", False),
        strict_data=given["strict_data"],
        dry_run=given.get("dry_run", False),
        verbose=given.get("verbose", False),
        contact=_contact(given),
        rerun=given["rerun"],
        loggers=read_names([*given["logger"], *(["tensorboard"] if given["tensorboard"] else [])]),
        trace=given["trace"],
        keep_weights=given["keep_weights"],
        survival=Survival(
            checkpoints=not given["no_checkpoints"],
            every=given["checkpoint_every"],
            reset_compressor=given["reset_compressor"],
            max_restarts=given["max_restarts"],
        ),
        judging=Judging(tolerance=given.get("tolerance"), intervals=given.get("intervals", "images")),
        ours=() if plan is None else plan.ours,
    )


_NEVER_QUEUED_AGAIN: Final = {"rerun": "each time that it is queued again it would begin anew; take another --out"}


def read_compare_options(
    ctx: click.Context, arguments: Sequence[str], *, nodes: int, taken: Mapping[str, str]
) -> tuple[Request, dict[str, Any], list[str]]:
    """Return what ``rsbench compare`` would be asked, once planning has found nothing wrong with it.

    Data are not looked at, nor this machine's GPUs.

    Args:
        ctx: of the command that was called.
        arguments: of ``compare``.
        nodes: machines that it will run on.
        taken: parameter names of ``compare`` that the caller gives itself -> what to do instead.

    Returns:
        The request, the values of all options, and the words that the job's command line needs for what only the
        environment of this command says.

    Raises:
        RsbenchError: what planning refuses, or an option that is taken.
        click.UsageError: what the command line of ``compare`` refuses.
    """
    group = ctx.find_root().command
    assert isinstance(group, click.Group)
    with group.commands["compare"].make_context("compare", list(arguments), parent=ctx.find_root()) as inner:
        for name, instead in {**taken, **_NEVER_QUEUED_AGAIN}.items():
            if _is_given(inner, name):
                raise RsbenchError(f"Leave out --{name.replace('_', '-')}: {instead}.")
        request = replace(request_from(inner, inner.params), nodes=Nodes(count=nodes))
        check_size(request.grids, yes=inner.params["yes"])
        words = as_options(inner)
    request.check()
    for grid in request.grids:
        grid.placed(nodes=nodes, check_gpus=False)
    return request, inner.params, words


def _nodes(ctx: click.Context, given: Mapping[str, Any]) -> Nodes:
    """Return the machines that options name; in a Slurm step its tasks, as far as options do not say otherwise."""
    asked = {"count": given["nnodes"], "rank": given["node_rank"], "endpoint": given["rdzv_endpoint"]}
    step = None if _is_given(ctx, "nnodes") else nodes_of_step(os.environ)
    if step is None:
        return Nodes(**asked)
    rank = asked["rank"] if _is_given(ctx, "node_rank") else step.rank
    return Nodes(count=step.count, rank=rank, endpoint=asked["endpoint"] or step.endpoint)


def _is_given(ctx: click.Context, name: str) -> bool:
    """Tell whether the user, or a plan, says something on an option."""
    return ctx.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT


def _contact(given: Mapping[str, Any]) -> Contact | None:
    """Return when the links of a plan are there, None for always.

    Raises:
        RsbenchError: cells that run would have to wait for passes.
    """
    text = given.get("contact")
    if text is None:
        return None
    if not given.get("dry_run", False):
        raise RsbenchError("--contact says what a plan takes in passes: give it with --dry-run, or to rsbench report.")
    return parse_contact(text)


def _token(without: bool) -> str:
    """Return the token of a comparison on several nodes.

    Raises:
        RsbenchError: there is none, or it could be guessed.
    """
    token = os.environ.get(TOKEN_VARIABLE, "")
    if without:
        complain(
            f"Warning: --no-token: whoever reaches --rdzv-endpoint can take part in this comparison and spoil it; set"
            f" {TOKEN_VARIABLE} to the same secret on every node instead."
        )
        return ""
    if len(token) < TOKEN_CHARACTERS:
        what = "is not set" if not token else f"has {len(token)} characters"
        raise RsbenchError(
            f"Several nodes need a secret of the comparison, but {TOKEN_VARIABLE} {what}: set it to the same"
            f" {TOKEN_CHARACTERS} or more random characters on every node (`python3 -c 'import secrets;"
            " print(secrets.token_hex(32))'`), or start every node with --no-token on a network that you trust."
        )
    return token


def _grid(given: Mapping[str, Any]) -> Grid:
    """Return the grid that parsed options stand for."""
    from rsbench.planning import families  # late: start-up

    recipe = Recipe(**{field.name: given[field.name] for field in fields(Recipe)})
    chosen: dict[str, Any] = {
        "datasets": given["dataset"],
        "models": given["model"],
        "compressors": given["compressor"],
        "ratios": given["ratio"],
        "lrs": given["lr"],
    }
    chosen = {name: unique(values) for name, values in chosen.items() if values}
    grid = Grid(
        **chosen,
        density=given["density"],
        tuning_seed=given.get("tuning_seed"),
        seeds=parse_seeds(given["seeds"]),
        match=given["match"],
        syncs=unique([parse_sync(text).label or None for text in given["sync"] or ("steps",)]),
        prunes=unique([parse_prune(text).label or None for text in given["prune"] or ("none",)]),
        links=links_of(given["link"], given["link_of"]),
        devices=DeviceRequest(gpus=unique(given["gpus"]), workers=unique(given["workers"]), device=given["device"]),
        epochs=given["epochs"],
        batch_size=given["batch_size"],
        image_size=given["image_size"],
        optimizer=given["optimizer"],
        recipe=recipe,
    )
    return families.expand(grid)


def links_of(links: Sequence[str], others: Sequence[str]) -> tuple[str | None, ...]:
    """Return the canonical texts of the links asked for, None for ``none``, each with the links of single workers.

    Raises:
        RsbenchError: a text that cannot be read, or links of single workers without one of all.
    """
    asked = [None if text.strip().lower() == NO_LINK else ";".join([text, *others]) for text in links or (NO_LINK,)]
    if others and asked.count(None) == len(asked):
        raise RsbenchError("--link-of gives one worker another link than --link gives all: add --link, such as 50mbit.")
    return unique([None if text is None else parse_worker_links(text).text for text in asked])


def command_line(ctx: click.Context) -> list[str]:
    """Return the command as a user types it; variables that set options stand before it, after ``env``."""
    variables = assignments(ctx)
    return [*(["env", *variables] if variables else []), *_program(sys.argv[0]), *sys.argv[1:]]


def _program(path: str) -> list[str]:
    """Return what starts rsbench: the name of its script, or ``python -m rsbench`` where its package was run."""
    name = os.path.basename(path) or "rsbench"
    return ["python", "-m", "rsbench"] if name == "__main__.py" else [name]
