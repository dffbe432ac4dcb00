"""The command ``rsbench bench``."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from rsbench.cli.environment import check_environment
from rsbench.cli.options import PATH
from rsbench.console import complain, make_console, say
from rsbench.errors import RsbenchError


def say_new_name(ctx: click.Context, param: click.Parameter, value: bool | None) -> bool | None:
    """Say on stderr what ``--rivals`` and ``--no-rivals`` are called now; they go on working."""
    if value is not None:
        word = "" if value else "no-"
        complain(f"--{word}rivals is now called --{word}plain-hooks.")
    return value


@click.command()
@click.option("--model", default="resnet18", show_default=True, metavar="NAME", help="Whose gradient shapes.")
@click.option("--density", default=0.001, show_default=True, metavar="R", help="Share of the elements that is sent.")
@click.option("--workers", default=2, show_default=True, metavar="N", help="Processes on this machine's CPU.")
@click.option(
    "--compressor",
    multiple=True,
    metavar="NAME[:KEY=VALUE,...]",
    help="Compressor, see `rsbench list compressors -v`; repeat.  [all but those that need training]",
)
@click.option(
    "--repeats", default=5, show_default=True, metavar="N", help="Rounds over all methods; medians are shown."
)
@click.option(
    "--plain-hooks/--no-plain-hooks", default=True, show_default=True, help="PyTorch's hooks and plain code beside."
)
@click.option("--rivals/--no-rivals", default=None, hidden=True, callback=say_new_name)
@click.option("--json", "json_path", type=PATH, help="Keep all samples in this file.")
def bench(
    model: str,
    density: float,
    workers: int,
    compressor: tuple[str, ...],
    repeats: int,
    plain_hooks: bool,
    rivals: bool | None,
    json_path: Path | None,
) -> None:
    """Time compressors on a model's gradient shapes over loopback: no data, no training.

    Backward + exchange beside plain DDP, compression beside a copy of the same bytes, bytes, and memory.

    \b
    Examples:
      rsbench bench
      rsbench bench --model vgg19 --repeats 3 --no-plain-hooks
      rsbench bench --compressor noop --compressor rsdgc --compressor rsdgc:kernels=eager
    """  # noqa: D301 - click reads \b
    from rsbench import reports  # late: start-up
    from rsbench.bench import command, table

    check_environment(os.environ)
    if json_path is not None and not (json_path.parent.is_dir() and not json_path.is_dir()):
        raise RsbenchError(f"--json {json_path} is no file that can be written: its folder must be there already.")
    console = make_console()
    config = command.BenchConfig(
        model=model,
        density=density,
        workers=workers,
        compressors=compressor or command.DEFAULT_COMPRESSORS,
        repeats=repeats,
        plain_hooks=plain_hooks if rivals is None else rivals,
    )
    timings = command.measure(config, console)
    reports.show(table.report(timings), console)
    if json_path is not None:
        json_path.write_text(json.dumps(timings, indent=1) + "\n", encoding="utf-8")  # perhaps a pipe or a device
        say(console, f"Written: {json_path}")
