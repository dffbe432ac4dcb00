"""Options of ``rsbench compare`` that another command writes down for machines elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import click

from rsbench.cli.request import request_from
from rsbench.errors import RsbenchError
from rsbench.planning.devices import Nodes
from rsbench.planning.grid import check_size
from rsbench.planning.request import Request


def read_compare_options(
    ctx: click.Context, arguments: Sequence[str], *, nodes: int, taken: Mapping[str, str]
) -> tuple[Request, dict[str, Any]]:
    """Return what ``rsbench compare`` would be asked, once planning has found nothing wrong with it, and its options.

    Data are not looked at, nor this machine's GPUs.

    Args:
        ctx: of the command that was called.
        arguments: of ``compare``.
        nodes: machines that it will run on.
        taken: parameter names of ``compare`` that the caller gives itself -> what to do instead.

    Raises:
        RsbenchError: what planning refuses, or an option that is taken.
        click.UsageError: what the command line of ``compare`` refuses.
    """
    group = ctx.find_root().command
    assert isinstance(group, click.Group)
    with group.commands["compare"].make_context("compare", list(arguments), parent=ctx.find_root()) as inner:
        for name, instead in taken.items():
            if inner.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT:
                raise RsbenchError(f"Leave out --{name.replace('_', '-')}: {instead}.")
        request = replace(request_from(inner, inner.params), nodes=Nodes(count=nodes))
        check_size(request.grids, yes=inner.params["yes"])
    request.check()
    for grid in request.grids:
        grid.placed(nodes=nodes, check_gpus=False)
    return request, inner.params
