"""The commands ``rsbench compare`` and ``rsbench run``."""

from __future__ import annotations

import os
from typing import Any

import click

from rsbench.cli.environment import check_environment, check_rank
from rsbench.cli.grammar.command import LINKS, STUDY, Command, heading
from rsbench.cli.options import shared as options
from rsbench.cli.options.output import json_option, quiet_option
from rsbench.cli.options.place import node_options, place_options
from rsbench.cli.options.plan import plan_options
from rsbench.cli.options.survival import survival_options
from rsbench.cli.request import request_from
from rsbench.errors import RsbenchError
from rsbench.planning.grid import MOST_UNASKED, check_size


@click.command(cls=Command)
@options.grid_options
@options.tuning_options
@options.judging_options
@options.byte_options
@options.device_options
@options.sync_option
@options.link_options
@options.training_options
@place_options
@node_options
@survival_options
@plan_options
@heading(
    STUDY,
    click.option("--dry-run", is_flag=True, help="Plan only: bytes, memory and hours of the cells."),
    click.option("--verbose", "-v", is_flag=True, help="With --dry-run: every single cell."),
    click.option("--yes", is_flag=True, help=f"Run more than {MOST_UNASKED:,} cells."),
)
@heading(
    LINKS,
    click.option("--contact", metavar="PASS/PERIOD", help="With --dry-run: links are up for 8m in every 95m: 8m/95m."),
)
@json_option
@quiet_option
@click.pass_context
def compare(ctx: click.Context, /, **given: Any) -> None:
    """Train with every compressor and compare accuracy, bytes and time.

    The grid is data sets x models x compressors x ratios x --sync x learning rates x links x seeds. Each of these
    options takes a list, and commas separate its values. The same command goes on after an interruption: cells that
    are done do not run again. More: docs/experiments.md.

    \b
    Examples:
      rsbench compare
      rsbench compare --dataset ucm21 --ratio 50,500 --lr 0.01,0.05 --seeds 0-2
      rsbench compare --compressor none,topk,rsdgc:policy=uniform --ratio 100
      rsbench compare --dataset nwpu45 --model vgg19 --gpus 4 --split 20/80
      rsbench compare --dataset ucm21 --lr 0.01,0.03 --tuning-seed 0 --seeds 1-3
      rsbench compare --link 50mbit,1gbit,geo:latency=600ms
      rsbench compare --sync steps,accumulate:8,rounds:8:nesterov
      rsbench compare --plan paper-scene --dry-run

    \b
    A plan of your own, plan.toml, for --plan plan.toml:
      dataset = ["ucm21"]
      ratio = [50, 500]
      seeds = [0, 1, 2]
      gpus = 4
    """  # noqa: D301 - click reads \b
    from rsbench.launch.member import started_by_torchrun  # late: start-up
    from rsbench.run import compare as comparison
    from rsbench.run.screen.screen import Screen

    check_environment(os.environ)
    if started_by_torchrun(os.environ):
        raise RsbenchError(
            "compare starts its own workers, but RANK and WORLD_SIZE say that a torchrun has started this process:"
            " use `rsbench run` there, which joins it with one cell, or start compare without torchrun."
        )
    request = request_from(ctx, given)
    check_size(request.grids, yes=given["yes"] or request.dry_run)
    ctx.exit(comparison.compare(request, Screen.of(quiet=given["quiet"], as_json=given["as_json"])))


@click.command(cls=Command)
@options.cell_options
@options.byte_options
@options.cell_device_options
@options.cell_sync_option
@options.cell_link_options
@options.training_options
@place_options
@node_options
@survival_options
@json_option
@quiet_option
@click.pass_context
def run(ctx: click.Context, /, **given: Any) -> None:
    """Run one cell, for scripts and for launchers of your own.

    Started by torchrun (RANK and WORLD_SIZE are set), it joins as one worker; otherwise it starts the workers.

    \b
    Examples:
      rsbench run --compressor rsdgc --ratio 100 --seed 1
      torchrun --nproc-per-node 4 -m rsbench run --dataset ucm21 --compressor dgc
    """  # noqa: D301 - click reads \b
    from rsbench import datasets  # late: start-up
    from rsbench.launch.member import started_by_torchrun
    from rsbench.run import compare as comparison
    from rsbench.run.screen.screen import Screen

    check_environment(os.environ)
    datasets.get(given["dataset"])  # one data set, not a name that stands for several
    one = {
        name: () if given[name] is None else (given[name],)
        for name in ("dataset", "model", "compressor", "ratio", "lr", "link", "sync", "gpus", "workers")
    }
    request = request_from(ctx, {**given, **one, "seeds": str(given["seed"])})
    if started_by_torchrun(os.environ):
        if given["link"] is not None or given["interface"]:
            raise RsbenchError(
                "--link and --interface are for workers that rsbench starts: inside torchrun leave them out, and name "
                "the interface in GLOO_SOCKET_IFNAME or NCCL_SOCKET_IFNAME."
            )
        from rsbench.run import inside_torchrun  # late: it loads torch

        check_rank(os.environ)
        ctx.exit(inside_torchrun.run(request, os.environ))
    ctx.exit(comparison.compare(request, Screen.of(quiet=given["quiet"], as_json=given["as_json"])))
