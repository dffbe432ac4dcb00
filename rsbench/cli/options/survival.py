"""The options of checkpoints, restarts and final weights."""

from __future__ import annotations

import click

from rsbench.cli.grammar.command import INTERRUPTIONS, heading

survival_options = heading(
    INTERRUPTIONS,
    click.option(
        "--checkpoint-every",
        type=click.IntRange(min=1),
        metavar="STEPS",
        help="Save every N steps too, not only after epochs (5 minutes apart) and when stopped.",
    ),
    click.option("--no-checkpoints", is_flag=True, help="Save none; an interrupted cell begins anew."),
    click.option("--reset-compressor", is_flag=True, help="Go on from checkpoints without the compressor's state."),
    click.option(
        "--max-restarts",
        type=click.IntRange(min=0),
        default=0,
        metavar="N",
        show_default=True,
        help="Restart a cell's workers N times when they die or hang.",
    ),
    click.option("--keep-weights", is_flag=True, help="Keep the final weights of each cell, as weights.pt."),
)
