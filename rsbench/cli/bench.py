"""The command ``rsbench bench``."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rsbench.cli.environment import check_environment
from rsbench.cli.grammar import completion
from rsbench.cli.grammar.command import BESIDE, OUTPUT, TIMED, Command, heading
from rsbench.cli.grammar.lists import list_option
from rsbench.cli.options.output import quiet_option
from rsbench.cli.options.shared import PATH
from rsbench.console import complain, make_console, make_progress_console, say
from rsbench.errors import RsbenchError

if TYPE_CHECKING:
    from rich.console import Console

    from rsbench.bench.command import BenchConfig
    from rsbench.bench.measured import Measured


def say_new_name(ctx: click.Context, param: click.Parameter, value: bool | None) -> bool | None:
    """Say on stderr what ``--rivals`` and ``--no-rivals`` are called now; they go on working."""
    if value is not None:
        word = "" if value else "no-"
        complain(f"--{word}rivals is now called --{word}plain-hooks.")
    return value


what_options = heading(
    TIMED,
    click.option(
        "--model",
        default="resnet18",
        show_default=True,
        metavar="NAME",
        shell_complete=completion.models,
        help="Network whose gradient shapes are sent.",
    ),
    list_option(
        "--density", default=("0.001",), metavar="R", show_default=True, help="Shares of the elements to send."
    ),
    click.option("--workers", default=2, show_default=True, metavar="N", help="Processes on this machine's CPU."),
    list_option("--threads", default=("1",), metavar="N", show_default=True, help="Compute threads of a worker."),
    list_option(
        "--compressor",
        metavar="NAME[:KEY=VALUE]",
        shell_complete=completion.compressors,
        help="Compressors with their options: `rsbench list compressors -v`.  [all]",
    ),
    click.option("--repeats", default=5, show_default=True, metavar="N", help="Rounds over all rows."),
)
"""What is timed, and how often."""

beside_options = heading(
    BESIDE,
    click.option(
        "--plain-hooks/--no-plain-hooks", default=True, show_default=True, help="PyTorch's hooks and plain code."
    ),
    click.option("--rivals/--no-rivals", default=None, hidden=True, callback=say_new_name),
    click.option("--floors/--no-floors", default=True, show_default=True, help="Memory traffic alone."),
    click.option("--parts/--no-parts", default=True, show_default=True, help="Compression alone, and memory."),
    click.option(
        "--bucket-views/--no-bucket-views", default=True, show_default=True, help="DDP's gradient_as_bucket_view."
    ),
    click.option("--against", type=PATH, metavar="DIR", help="Another source tree's or site-packages' compressors."),
)
"""What is timed beside."""

answer_options = heading(
    OUTPUT,
    click.option("--json", "json_path", type=PATH, help="Keep all samples in this file.  [bench.json in the cache]"),
    click.option("--from", "earlier", type=PATH, metavar="FILE", help="Time nothing: show what --json has kept."),
    click.option("--plot", "plot_path", type=PATH, help="Draw time against density: PNG, SVG and CSV."),
    click.option("--markdown", is_flag=True, help="Print one Markdown table in place of all others."),
)
"""What becomes of it."""


@click.command(cls=Command)
@what_options
@beside_options
@answer_options
@quiet_option
@click.pass_context
def bench(ctx: click.Context, /, **given: Any) -> None:
    """Time compressors on a model's gradient shapes over loopback: no data, no training.

    Backward + exchange as multiples of plain DDP in the same run, compression beside a copy of the same bytes, bytes,
    and memory. The first use compiles loops, half a minute. A run that is stopped shows what it has.

    \b
    Examples:
      rsbench bench
      rsbench bench --model vgg19 --repeats 3 --no-plain-hooks
      rsbench bench --density 0.001,0.01 --markdown
      rsbench bench --compressor noop,rsdgc,rsdgc:kernels=eager
      rsbench bench --compressor topk --against ../rsbench-of-last-month
      rsbench bench --compressor topk --density 0.001,0.01,0.1 --plot density.png
    """  # noqa: D301 - click reads \b
    from rsbench.bench import command  # late: start-up
    from rsbench.bench.plot import NO_CURVE

    check_environment(os.environ)
    for option in ("json_path", "plot_path"):
        _refuse_unwritable(f"--{option.removesuffix('_path')}", given[option])
    console, keep = make_console(), given["json_path"] or _place_in_cache()
    if given["earlier"] is not None:
        measured = _read(given["earlier"])
    else:
        config = _config(given)
        if given["plot_path"] is not None and not config.has_curves():
            raise RsbenchError(NO_CURVE)
        measured = command.measure(config, make_progress_console(quiet=given["quiet"]), keep)
    _show(measured, given, console)
    if measured.stopped is not None and given["earlier"] is None:
        if any(one.rounds for one in measured.rows):
            complain(f"What was measured is kept: `rsbench bench --from {shlex.quote(str(keep))}` shows it again.")
        ctx.exit(128 + measured.stopped)


def _place_in_cache() -> Path:
    """Return the file that keeps samples where no other is named: what an ended run has measured is not lost."""
    from rsbench.paths import cache_root  # late: start-up

    with suppress(OSError):  # samples that cannot be kept can still be shown
        cache_root().mkdir(parents=True, exist_ok=True)
    return cache_root() / "bench.json"


def _config(given: dict[str, Any]) -> BenchConfig:
    """Return the configuration that parsed options stand for."""
    from rsbench.bench import rows  # late: start-up
    from rsbench.bench.command import BenchConfig

    plain_hooks = given["plain_hooks"] if given["rivals"] is None else given["rivals"]
    same = ("model", "workers", "repeats", "floors", "parts", "bucket_views", "against")
    return BenchConfig(
        **{name: given[name] for name in same},
        densities=rows.read_numbers("density", given["density"], float),
        threads=rows.read_numbers("threads", given["threads"], int),
        compressors=given["compressor"] or rows.DEFAULT_COMPRESSORS,
        plain_hooks=plain_hooks,
    )


def _read(path: Path) -> Measured:
    """Return what an earlier benchmark has kept, of which tables can be made.

    Raises:
        RsbenchError: the file is something else.
    """
    from rsbench.bench import summary, table  # late: start-up
    from rsbench.bench.measured import Measured

    if not path.is_file():
        raise RsbenchError(f"There is no file {path}.")
    measured = Measured.read(path)
    try:
        table.report(measured), summary.markdown(measured)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise RsbenchError(f"{path} holds no samples that this version of rsbench bench wrote.") from error
    return measured


def _show(measured: Measured, given: dict[str, Any], console: Console) -> None:
    """Print, keep and draw what there is.

    Raises:
        RsbenchError: there is nothing, or a file cannot be written.
    """
    from rsbench import reports  # late: start-up
    from rsbench.bench import summary, table

    report = table.report(measured)
    if not any(one.rounds for one in measured.rows):
        for problem in report.problems:
            complain(problem)
        if measured.stopped is None:
            raise RsbenchError("No method could be timed.")
    elif given["markdown"]:
        for line in summary.markdown(measured).split("\n"):
            say(console, line)
        for problem in report.problems:
            complain(problem)
    else:
        reports.show(report, console)
    if measured.stopped is not None:
        complain("Stopped before all methods were timed.")
    for path in _written(measured, given["json_path"], given["plot_path"]):
        complain(f"Written: {path}")


def _written(measured: Measured, json_path: Path | None, plot_path: Path | None) -> Iterator[Path]:
    """Write what was asked for, and yield each file.

    Raises:
        RsbenchError: it cannot be written, or a whole run has no curve to draw.
    """
    from rsbench.bench import plot  # late: start-up

    if json_path is not None:
        measured.keep(json_path)
        yield json_path
    if plot_path is not None:
        try:
            yield from plot.write(measured, plot_path)
        except RsbenchError as error:
            if measured.stopped is None:
                raise
            complain(str(error))


def _refuse_unwritable(option: str, path: Path | None) -> None:
    """Refuse a file that cannot be written, before any work.

    Raises:
        RsbenchError: its folder is missing or may not be written to, or it is a folder.
    """
    if path is None:
        return
    if path.is_dir() or not path.parent.is_dir():
        raise RsbenchError(f"{option} {path} is no file that can be written: its folder must be there already.")
    replaced = path.parent if path.is_file() or not path.exists() else path  # pipes and devices are written to
    if not os.access(replaced, os.W_OK):
        raise RsbenchError(f"{option} {path} cannot be written: {replaced} is not writable.")
