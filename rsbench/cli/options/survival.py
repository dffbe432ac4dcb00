"""The options of checkpoints, restarts and final weights."""

from __future__ import annotations

import click

from rsbench.cli.options.shared import one_decorator

survival_options = one_decorator(
    click.option(
        "--checkpoint-every",
        type=click.IntRange(min=1),
        metavar="STEPS",
        help="Save a checkpoint every so many steps and after each epoch, to go on from after an interruption."
        "  [default: after epochs, at least 5 minutes apart, and when stopped]",
    ),
    click.option("--no-checkpoints", is_flag=True, help="Save none; a cell that is interrupted begins anew."),
    click.option(
        "--reset-compressor", is_flag=True, help="Go on from checkpoints without the compressor's state; recorded."
    ),
    click.option(
        "--max-restarts",
        type=click.IntRange(min=0),
        default=0,
        show_default=True,
        help="Start the workers of a cell again so often, from its last checkpoint, when they are killed or hang.",
    ),
    click.option("--keep-weights", is_flag=True, help="Leave the final weights beside each record, as weights.pt."),
)
