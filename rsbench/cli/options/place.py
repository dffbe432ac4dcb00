"""The options of where a command reads and writes, when its cells end, and on which machines."""

from __future__ import annotations

from pathlib import Path

import click

from rsbench.cli.grammar.command import DATA, INTERRUPTIONS, MACHINES, heading
from rsbench.cli.grammar.lists import list_option
from rsbench.cli.options.shared import PATH, data_root_option, one_decorator, read_duration

_results = heading(
    DATA,
    click.option(
        "--out",
        type=PATH,
        default=Path("rsbench-results"),
        show_default=True,
        help="Result folder; cells that are done there do not run again.",
    ),
    click.option("--strict-data", is_flag=True, help="Refuse incomplete data sets instead of warning."),
    list_option("--logger", metavar="NAME", help="Send numbers to tensorboard, wandb, mlflow (extras) or your own."),
    click.option("--tensorboard", is_flag=True, help="The same as --logger tensorboard."),
    click.option("--trace", is_flag=True, help="Write a trace of 5 steps of each cell, for Perfetto or Chrome."),
    click.option("--rerun", is_flag=True, help="Run cells again that are done."),
)
_endings = heading(
    INTERRUPTIONS,
    click.option(
        "--timeout",
        callback=read_duration,
        metavar="TIME",
        default="24h",
        show_default=True,
        help="End a cell after this time: 90s, 30m, 2h.",
    ),
    click.option(
        "--stall-timeout",
        callback=read_duration,
        metavar="TIME",
        default="5m",
        show_default=True,
        help="End a cell in which no rank moves for this time, and name the rank.",
    ),
    click.option("--fresh-workers", is_flag=True, help="Start new processes for every cell."),
)
place_options = one_decorator(data_root_option, _results, _endings)
"""Where a run reads and writes, and when its cells end."""

node_options = heading(
    MACHINES,
    click.option(
        "--nnodes",
        type=int,
        default=1,
        help="Machines; run the same command on each.  [1; inside srun, its tasks]",
    ),
    click.option("--node-rank", type=int, default=0, show_default=True, help="This machine's number; 0 decides."),
    click.option("--rdzv-endpoint", default="", metavar="HOST:PORT", help="Address of node 0 that all nodes reach."),
    click.option("--no-token", is_flag=True, help="Let nodes meet without RSBENCH_TOKEN: trusted networks only."),
)
