"""The command line: parse, hand over, exit. A command's module is imported when the command is asked for."""

from __future__ import annotations

import os
from typing import Final

import click

from rsbench import __version__
from rsbench.cli.grammar.command import Entry
from rsbench.cli.grammar.sentences import Sentences

CONTEXT: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 110}
COMMANDS: Final = {
    "Compare": (
        Entry("compare", "rsbench.cli.training", "Train with each compressor; compare accuracy and bytes."),
        Entry("run", "rsbench.cli.training", "Run one cell, for scripts and launchers of your own."),
        Entry("bench", "rsbench.cli.bench", "Time compressors on a model's gradients, without data."),
    ),
    "Look": (
        Entry("report", "rsbench.cli.report", "Show and write tables and a page of what is recorded."),
        Entry("bundle", "rsbench.cli.bundle", "Write one archive of the results, for others to check."),
        Entry("scale", "rsbench.cli.scale", "Model more workers and other links from what is recorded."),
    ),
    "Plan": (
        Entry("slurm", "rsbench.cli.slurm", "Write a batch script for Slurm, or submit it."),
        Entry("k8s", "rsbench.cli.k8s", "Write a Kubernetes manifest."),
    ),
    "Set up": (
        Entry("doctor", "rsbench.cli.doctor", "Say what works on this machine, and what to do about the rest."),
        Entry("list", "rsbench.cli.listing", "List compressors, data sets, models, plans, runs and more."),
        Entry("data", "rsbench.cli.data", "Fetch and check data sets."),
        Entry("cache", "rsbench.cli.cache", "Show or clear the folder of prepared data."),
        Entry("completion", "rsbench.cli.grammar.shells", "Make a shell complete options and names."),
    ),
}
"""The commands, under the headings of ``rsbench --help``."""


@click.group(cls=Sentences, entries=COMMANDS, context_settings=CONTEXT)
@click.version_option(__version__, prog_name="rsbench")
def main() -> None:
    """Which gradient compressor, at which ratio, on your link, and what does it cost in accuracy?

    \b
    Examples:
      rsbench compare                nothing to download, no GPU, some minutes
      rsbench compare --dataset ucm21 --lr 0.01,0.05 --seeds 0-2 --data-root DIR
      rsbench compare --plan paper-ablation --plan-size quick --data-root DIR
      rsbench compare --plan ar-cdnet --data-root DIR   maps of what changed
      rsbench report                 tables and a page of all that is recorded
      rsbench scale                  more workers and other links, modelled
      rsbench doctor                 what works on this machine
    """  # noqa: D301 - click reads \b


if "_RSBENCH_COMPLETE" in os.environ:  # a shell asks, and click looks for what answers it
    from rsbench.cli.grammar import shells  # noqa: F401  # late: start-up
