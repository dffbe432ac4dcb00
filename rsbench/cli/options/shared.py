"""The options that commands share, in groups. No heavy import here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from rsbench.cell import DEVICES, MATCHES, OPTIMIZERS, SCHEDULES, Recipe
from rsbench.cli.grammar import completion
from rsbench.cli.grammar.command import (
    BYTES,
    COMPARE,
    DATA,
    EXCHANGE,
    JUDGING,
    LINKS,
    MACHINES,
    STUDY,
    TRAIN,
    heading,
)
from rsbench.cli.grammar.lists import Ratio, joined, list_option, one_option
from rsbench.judging import INTERVALS

Command = TypeVar("Command", bound=Callable[..., Any])
PATH: Final = click.Path(path_type=Path)
data_root_option = heading(
    DATA,
    click.option(
        "--data-root",
        type=PATH,
        default=Path("data"),
        show_default=True,
        envvar="RSBENCH_DATA_ROOT",
        help="Folder of the data sets.",
    ),
)


def read_duration(ctx: click.Context, param: click.Parameter, text: str) -> float:
    """Return the seconds that ``90``, ``90s``, ``30m`` or ``2h`` stand for."""
    unit = {"s": 1, "m": 60, "h": 3600}.get(text[-1:], 0)
    try:
        seconds = float(text[:-1]) * unit if unit else float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise click.BadParameter(f"{text!r} is no duration above 0; write 90s, 30m or 2h.", ctx, param)
    return seconds


def read_duration_if_given(ctx: click.Context, param: click.Parameter, text: str | None) -> float | None:
    """Return :func:`read_duration`, or None for an option that was not given."""
    return None if text is None else read_duration(ctx, param, text)


def one_decorator(*decorators: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Return the decorators as one, first on top."""

    def decorate(command: Command) -> Command:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


def _of_recipe(name: str, text: str, **more: Any) -> Callable[[Command], Command]:
    """Return the option for a field of :class:`~rsbench.cell.Recipe`, with its name, default and type."""
    option = f"--{name.replace('_', '-')}"
    return click.option(option, default=getattr(Recipe, name), show_default=True, help=text, **more)


grid_options = heading(
    COMPARE,
    list_option(
        "--dataset", metavar="NAMES", shell_complete=completion.datasets, help="Data sets to train on.  [synthetic]"
    ),
    list_option(
        "--model",
        metavar="NAMES",
        shell_complete=completion.models,
        help="Networks: `rsbench list models`.  [the data set's own]",
    ),
    list_option(
        "--compressor",
        metavar="NAME[:KEY=VALUE]",
        shell_complete=completion.compressors,
        help="Compressors with their options: `rsbench list compressors -v`.  [none,topk,dgc,rsdgc]",
    ),
    list_option("--ratio", type=Ratio(), metavar="X", help="Send X times fewer bytes than dense.  [50]"),
    list_option("--lr", type=float, metavar="RATE", help="Learning rates.  [the data set's or the network's own]"),
    list_option(
        "--seeds",
        default=("0",),
        metavar="0,1,2|0-4",
        show_default=True,
        callback=joined,
        help="Repeats, each with other weights and batches.",
    ),
)
"""What the cells of a grid differ in."""

tuning_options = heading(
    STUDY,
    click.option(
        "--tuning-seed",
        type=int,
        metavar="N",
        help="Choose each row's learning rate at this seed, by its validation score.",
    ),
    click.option(
        "--budget",
        callback=read_duration_if_given,
        metavar="TIME",
        help="Begin no cell after this time: 90s, 100m, 2h.",
    ),
    click.option("--leave-busy", is_flag=True, help="Do not wait for cells that another rsbench runs."),
)
"""How a long study is cut into pieces."""

cell_options = heading(
    COMPARE,
    one_option(
        "--dataset",
        default="synthetic",
        metavar="NAME",
        show_default=True,
        shell_complete=completion.datasets,
        help="Data set to train on.",
    ),
    one_option(
        "--model",
        metavar="NAME",
        shell_complete=completion.models,
        help="Network: `rsbench list models`.  [the data set's own]",
    ),
    one_option(
        "--compressor",
        default="none",
        metavar="NAME[:KEY=VALUE]",
        show_default=True,
        shell_complete=completion.compressors,
        help="Compressor with its options: `rsbench list compressors -v`.",
    ),
    one_option("--ratio", type=Ratio(), metavar="X", help="Send X times fewer bytes than dense.  [50]"),
    one_option("--lr", type=float, metavar="RATE", help="Learning rate.  [the data set's or the network's own]"),
    one_option("--seed", type=int, default=0, show_default=True, help="Decides weights, batches, validation samples."),
)
"""The same for one cell."""

_SYNC = "Exchange every step, or in rounds: `rsbench list sync`.  [steps]"
sync_option = heading(EXCHANGE, list_option("--sync", metavar="SYNC", shell_complete=completion.syncs, help=_SYNC))
cell_sync_option = heading(EXCHANGE, one_option("--sync", metavar="SYNC", shell_complete=completion.syncs, help=_SYNC))

_PRUNE = "Train on a chosen share of the samples: `rsbench list prune`.  [none]"
_PRUNING = {"metavar": "PRUNE", "shell_complete": completion.prunes, "help": _PRUNE}
prune_option = heading(TRAIN, list_option("--prune", **_PRUNING))
cell_prune_option = heading(TRAIN, one_option("--prune", **_PRUNING))

byte_options = heading(
    BYTES,
    click.option("--density", type=float, metavar="R", help="Send this share of the elements, in place of --ratio."),
    click.option(
        "--match",
        type=click.Choice(MATCHES),
        default="payload",
        show_default=True,
        help="Bytes that --ratio counts; density sends 1/X of the elements.",
    ),
)

_GPUS = "Workers on N GPUs of each node.  [all]"
_WORKERS = "Workers on each node.  [2 without a GPU]"
_DEVICE = click.option("--device", type=click.Choice(DEVICES), help="Device that each worker trains on.")
device_options = heading(
    MACHINES,
    list_option("--gpus", type=int, metavar="N", help=_GPUS),
    list_option("--workers", type=int, metavar="N", help=_WORKERS),
    _DEVICE,
)
cell_device_options = heading(
    MACHINES,
    one_option("--gpus", type=int, metavar="N", help=_GPUS),
    one_option("--workers", type=int, metavar="N", help=_WORKERS),
    _DEVICE,
)
"""The same for one cell."""

_LINK = "Emulate slower links (root on Linux): `rsbench list links`.  [none]"
_link_of = list_option("--link-of", metavar="RANK=LINK", help="Give one worker another link: 3=10mbit.")
_interface = click.option("--interface", default="", metavar="NAME", help="Network interface, such as ib0.  [found]")
link_options = heading(
    LINKS,
    list_option("--link", metavar="LINK", shell_complete=completion.links, help=_LINK),
    _link_of,
    _interface,
)
"""What the workers talk over: links that are emulated, or an interface that is there."""

cell_link_options = heading(
    LINKS, one_option("--link", metavar="LINK", shell_complete=completion.links, help=_LINK), _link_of, _interface
)
"""The same for one cell."""

training_options = heading(
    TRAIN,
    click.option("--epochs", type=int, metavar="N", help="Passes over the training samples.  [the data set's own]"),
    click.option(
        "--max-steps", type=int, metavar="N", help="Stop training after N steps; scoring (--prune) comes on top."
    ),
    click.option("--batch-size", type=int, metavar="N", help="Samples per worker and step.  [the data set's own]"),
    click.option("--image-size", type=int, metavar="PX", help="Side of images or patches.  [the data set's own]"),
    _of_recipe(
        "split",
        "Percent for train/val/test, or the set's own lists: docs/experiments.md.",
        metavar="official|A/B/C|A/B",
    ),
    click.option(
        "--partition",
        metavar="PARTITION",
        shell_complete=completion.partitions,
        help="Which worker trains on which samples: `rsbench list partitions`.  [iid]",
    ),
    click.option("--weights", metavar="NAME|FILE", help="Initial weights: torchvision's name or a file.  [random]"),
    click.option(
        "--optimizer",
        type=click.Choice(OPTIMIZERS),
        help="With adam and adamw, compressors keep no momentum.  [the data set's own]",
    ),
    _of_recipe("momentum", "Momentum of SGD."),
    _of_recipe("weight_decay", "Weight decay of SGD."),
    _of_recipe("schedule", "Schedule of the learning rate.", type=click.Choice(SCHEDULES)),
    _of_recipe("warmup_epochs", "Epochs of warm-up, at most a quarter of the run."),
    click.option("--clip-norm", type=float, metavar="X", help="Clip the averaged gradient to this norm.  [off]"),
    _of_recipe("label_smoothing", "Label smoothing."),
    click.option("--channels-last", is_flag=True, help="Memory layout for tensor cores."),
    click.option("--bf16", is_flag=True, help="Train under bfloat16 autocast."),
    _of_recipe("bucket_cap_mb", "Bucket size of DDP, in MB."),
    click.option(
        "--deterministic/--fast",
        default=Recipe.deterministic,
        show_default=True,
        help="GPU algorithms: equal bit for bit in every repeat, or the fastest.",
    ),
)

judging_options = heading(
    JUDGING,
    click.option(
        "--tolerance",
        type=float,
        metavar="X",
        help="Largest mean loss of a method that is kept: points of OA; hundredths of AUC.  [3; 1]",
    ),
    click.option(
        "--intervals",
        type=click.Choice(INTERVALS),
        default="images",
        show_default=True,
        help="What intervals are about: other seeds and test images, other seeds alone, or new data.",
    ),
)
"""How a report judges differences."""
