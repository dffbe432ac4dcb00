"""The command line: parse, hand over, exit. Everything heavy is imported inside the commands."""

from __future__ import annotations

import os
from typing import Any

import click

from rsbench import __version__
from rsbench.cli.bench import bench
from rsbench.cli.cache import cache
from rsbench.cli.data import data
from rsbench.cli.doctor import doctor
from rsbench.cli.environment import check_environment, check_rank
from rsbench.cli.k8s import k8s
from rsbench.cli.listing import list_command
from rsbench.cli.options import shared as options
from rsbench.cli.options.plan import plan_options
from rsbench.cli.options.survival import survival_options
from rsbench.cli.report import report
from rsbench.cli.request import request_from
from rsbench.cli.scale import scale
from rsbench.cli.sentences import Sentences
from rsbench.cli.slurm import slurm
from rsbench.console import make_console
from rsbench.errors import RsbenchError
from rsbench.planning.grid import MOST_UNASKED, check_size

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


@click.group(cls=Sentences, context_settings=CONTEXT)
@click.version_option(__version__, prog_name="rsbench")
def main() -> None:
    """Which gradient compressor, at which ratio, on your link, and what does it cost in accuracy?

    \b
    rsbench compare                                  nothing to download, no GPU, some minutes
    rsbench compare --dataset ucm21 --data-root DIR --lr 0.01 --lr 0.05 --seeds 0,1,2
    rsbench compare --plan paper-ablation --plan-size quick --data-root DIR
    rsbench report                                   tables and a page of all that is recorded
    rsbench scale                                    what more workers and other links would do
    rsbench doctor                                   what works on this machine
    """  # noqa: D301 - click reads \b


@main.command()
@options.grid_options
@options.tuning_options
@options.judging_options
@options.byte_options
@options.device_options
@options.sync_option
@options.link_options
@options.training_options
@options.place_options
@options.node_options
@survival_options
@plan_options
@click.option("--dry-run", is_flag=True, help="Show the cells with their bytes and memory; launch nothing.")
@click.option(
    "--contact",
    metavar="PASS/PERIOD",
    help="With --dry-run: links are there for a pass in each period, such as 8m/95m.",
)
@click.option("--yes", is_flag=True, help=f"Run more than {MOST_UNASKED:,} cells.")
@click.pass_context
def compare(ctx: click.Context, /, **given: Any) -> None:
    """Train with every compressor and compare accuracy, bytes and time.

    The grid is data sets x models x compressors x ratios x ways to exchange (--sync) x learning rates x seeds. Cells
    that are done are not run again: the same command after an interruption goes on where it stopped. Rows whose bytes
    their own options decide (none, fp16, gcc, powersgd, ...) run once, not per ratio. A density given inside a
    compressor is kept, unmatched.

    \b
    Examples:
      rsbench compare
      rsbench compare --dataset ucm21 --ratio 50 --ratio 500 --lr 0.01 --lr 0.05 --seeds 0,1,2
      rsbench compare --dataset ucm21 --lr 0.003 --lr 0.01 --lr 0.03 --tuning-seed 0 --seeds 1,2,3 --budget 100m
      rsbench compare --compressor none --compressor rsdgc:policy=uniform --compressor topk:density=0.01
      rsbench compare --dataset nwpu45 --model vgg19 --gpus 4 --split 20/80
      rsbench compare --link 50mbit --link 1gbit --link geo
      rsbench compare --sync steps --sync accumulate:8 --sync rounds:8 --sync rounds:8:nesterov
      rsbench compare --plan paper-scene --dry-run
      rsbench compare --plan paper-ablation --plan-size quick --data-root DIR

    \b
    A plan of your own holds the same names:
      dataset = ["ucm21"]
      ratio = [50, 500]
      seeds = [0, 1, 2]
      gpus = 4
    """  # noqa: D301 - click reads \b
    from rsbench.launch.member import started_by_torchrun  # late: start-up
    from rsbench.run import compare as comparison

    check_environment(os.environ)
    if started_by_torchrun(os.environ):
        raise RsbenchError(
            "compare starts its own workers, but RANK and WORLD_SIZE say that a torchrun has started this process:"
            " use `rsbench run` there, which joins it with one cell, or start compare without torchrun."
        )
    request = request_from(ctx, given)
    check_size(request.grids, yes=given["yes"])
    ctx.exit(comparison.compare(request, make_console()))


@main.command()
@options.cell_options
@options.byte_options
@options.device_options
@options.cell_sync_option
@options.cell_link_options
@options.training_options
@options.place_options
@options.node_options
@survival_options
@click.pass_context
def run(ctx: click.Context, /, **given: Any) -> None:
    """Run one cell, for scripts and for launchers of your own.

    Started by torchrun (RANK and WORLD_SIZE are set), it joins as one worker; otherwise it starts the workers.

    \b
    Examples:
      rsbench run --compressor rsdgc --ratio 100 --seed 1
      torchrun --nproc-per-node 4 -m rsbench run --dataset ucm21 --compressor dgc
    """  # noqa: D301 - click reads \b
    from rsbench.launch.member import started_by_torchrun  # late: start-up
    from rsbench.run import compare as comparison

    check_environment(os.environ)
    for name in ("gpus", "workers"):
        if len(given[name]) > 1:
            raise RsbenchError(f"run runs one cell, so give --{name} once; rsbench compare takes several.")
    one = {
        name: () if given[name] is None else (given[name],)
        for name in ("dataset", "model", "compressor", "ratio", "lr", "link", "sync")
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
    ctx.exit(comparison.compare(request, make_console()))


for command in (report, scale, list_command, bench, data, cache, doctor, k8s, slurm):
    main.add_command(command)
