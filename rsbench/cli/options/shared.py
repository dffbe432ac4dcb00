"""The options that commands share, in groups. No heavy import here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from rsbench.cell import DEVICES, MATCHES, OPTIMIZERS, SCHEDULES, Recipe
from rsbench.judging import INTERVALS

Command = TypeVar("Command", bound=Callable[..., Any])
PATH: Final = click.Path(path_type=Path)
data_root_option = click.option(
    "--data-root", type=PATH, default=Path("data"), show_default=True, help="Where data sets stand."
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


grid_options = one_decorator(
    click.option("--dataset", multiple=True, metavar="NAME", help="Data set; repeat to compare several.  [synthetic]"),
    click.option(
        "--model",
        multiple=True,
        metavar="NAME",
        help="Network, see `rsbench list models`; repeat.  [the data set's own]",
    ),
    click.option(
        "--compressor",
        multiple=True,
        metavar="NAME[:KEY=VALUE,...]",
        help="Compressor, see `rsbench list compressors -v`; repeat.  [none topk dgc rsdgc]",
    ),
    click.option("--ratio", multiple=True, type=float, metavar="X", help="X times fewer bytes than dense.  [100]"),
    click.option(
        "--lr",
        multiple=True,
        type=float,
        metavar="LR",
        help="Learning rate; repeat: each method needs its own.  [the data set's or the network's own]",
    ),
    click.option(
        "--seeds",
        default="0",
        metavar="0,1,2",
        show_default=True,
        help="Repeats: what validates, weights and batches; all test on the same samples, see --split.",
    ),
)
"""What the cells of a grid differ in."""

tuning_options = one_decorator(
    click.option(
        "--tuning-seed",
        type=int,
        metavar="N",
        help="Run all learning rates at this seed only; its validation score decides which one runs at --seeds.",
    ),
    click.option(
        "--budget",
        callback=read_duration_if_given,
        metavar="TIME",
        help="Begin no cell after so much time: 90s, 100m, 2h; the same command goes on later.",
    ),
    click.option(
        "--leave-busy",
        is_flag=True,
        help="Do not wait for cells that another rsbench runs in the same folder: end when only such are left.",
    ),
)
"""How a long study is cut into pieces."""

cell_options = one_decorator(
    click.option("--dataset", default="synthetic", metavar="NAME", show_default=True, help="Data set."),
    click.option("--model", metavar="NAME", help="Network, see `rsbench list models`.  [the data set's own]"),
    click.option("--compressor", default="none", metavar="NAME[:KEY=VALUE,...]", show_default=True, help="Compressor."),
    click.option("--ratio", type=float, metavar="X", help="X times fewer bytes than dense.  [100]"),
    click.option("--lr", type=float, metavar="LR", help="Learning rate.  [the data set's or the network's own]"),
    click.option("--seed", default=0, show_default=True, help="Decides what validates, weights and batches."),
)
"""The same for one cell."""

_SYNC = (
    "How often workers exchange: steps, accumulate:K, rounds:K[:avg|nesterov|prox], or diloco, fedavg, localsgd, "
    "sparseloco; see `rsbench list sync`."
)
sync_option = click.option("--sync", multiple=True, metavar="SYNC", help=f"{_SYNC} Repeat to compare several.  [steps]")
cell_sync_option = click.option("--sync", metavar="SYNC", help=f"{_SYNC}  [steps]")

byte_options = one_decorator(
    click.option("--density", type=float, metavar="R", help="Send this share of the elements, instead of --ratio."),
    click.option(
        "--match",
        type=click.Choice(MATCHES),
        default="payload",
        show_default=True,
        help="Which bytes --ratio counts: handed to collectives, modelled on the wire, or simply density 1/X.",
    ),
)

device_options = one_decorator(
    click.option(
        "--gpus",
        multiple=True,
        type=int,
        metavar="N",
        help="Workers on so many GPUs of each node; compare takes several.  [all]",
    ),
    click.option(
        "--workers",
        multiple=True,
        type=int,
        metavar="N",
        help="Workers on each node; compare takes several.  [2 on a machine without GPU]",
    ),
    click.option("--device", type=click.Choice(DEVICES), help="What each worker trains on."),
)

_LINK = "Emulate the workers' links, as root on Linux: none, a rate or a preset, down=, up=, latency= after a colon."
_link_of = click.option(
    "--link-of",
    multiple=True,
    metavar="RANK=LINK",
    help="Give one worker another link, such as 3=10mbit; repeat.",
)
_interface = click.option(
    "--interface", default="", metavar="NAME", help="Network interface that workers talk over, such as ib0.  [found]"
)
link_options = one_decorator(
    click.option("--link", multiple=True, metavar="LINK", help=f"{_LINK} Repeat to compare several.  [none]"),
    _link_of,
    _interface,
)
"""What the workers talk over: links that are emulated, or an interface that is there."""

cell_link_options = one_decorator(
    click.option("--link", metavar="LINK", help=f"{_LINK}  [none]"),
    _link_of,
    _interface,
)
"""The same for one cell."""

training_options = one_decorator(
    click.option("--epochs", type=int, metavar="N", help="Passes over the training samples.  [the data set's own]"),
    click.option("--max-steps", type=int, metavar="N", help="Stop each cell after N steps."),
    click.option("--batch-size", type=int, metavar="N", help="Samples per worker and step.  [the data set's own]"),
    click.option("--image-size", type=int, metavar="PX", help="Side of images or patches.  [the data set's own]"),
    _of_recipe(
        "split",
        "Percent for train/val/test or train/test; official: the set's own lists, else its default. All seeds test on "
        "the same samples; redrawn:A/B/C draws others with each seed. Pixels of a scene are drawn in blocks; "
        "random:A/B/C draws single ones, which leaks.",
        metavar="official|A/B/C|A/B",
    ),
    click.option(
        "--partition",
        metavar="iid|blocks|classes:K|dirichlet:A|modality",
        help="Which worker trains on which samples: all dealt out anew in each epoch (iid), stripes of one scene, K "
        "classes each, class shares drawn from Dirichlet(A) (0.1: very uneven), or one modality each. A worker keeps "
        "its samples for the whole run; all validate and test on the same; see `rsbench list partitions`.  [iid]",
    ),
    click.option("--weights", metavar="NAME|FILE", help="Initial weights: torchvision enum or a file.  [random]"),
    click.option(
        "--optimizer",
        type=click.Choice(OPTIMIZERS),
        help="With adam and adamw, compressors keep no momentum.  [the data set's own]",
    ),
    _of_recipe("momentum", "Of SGD."),
    _of_recipe("weight_decay", "Of SGD."),
    _of_recipe("schedule", "Learning rate.", type=click.Choice(SCHEDULES)),
    _of_recipe("warmup_epochs", "Over which the rate rises; at most a quarter of the run."),
    click.option("--clip-norm", type=float, metavar="X", help="Clip the averaged gradient to this norm.  [off]"),
    _of_recipe("label_smoothing", "Share of the target spread."),
    click.option("--channels-last", is_flag=True, help="Memory layout for tensor cores."),
    click.option("--bf16", is_flag=True, help="Train under bfloat16 autocast."),
    _of_recipe("bucket_cap_mb", "Bucket size of DDP."),
    click.option(
        "--deterministic/--fast",
        default=Recipe.deterministic,
        show_default=True,
        help="On GPUs: the same numbers bit for bit in every repeat, or the fastest algorithms, with which to "
        "measure step times. A fast cell is a cell of its own. On CPUs both are the same.",
    ),
)

judging_options = one_decorator(
    click.option(
        "--tolerance",
        type=float,
        metavar="X",
        help="Mean loss over which a method is left out though its interval holds zero: points of OA, hundredths of "
        "an AUC.  [3; 1]",
    ),
    click.option(
        "--intervals",
        type=click.Choice(INTERVALS),
        default="test-set",
        show_default=True,
        help="About other seeds on this test set, or about new data (corrected resampled t, wider).",
    ),
)
"""How a report judges differences."""

place_options = one_decorator(
    click.option(
        "--out",
        type=PATH,
        default=Path("rsbench-results"),
        show_default=True,
        help="Result folder; what is done there is not run again.",
    ),
    data_root_option,
    click.option("--strict-data", is_flag=True, help="Refuse incomplete data sets instead of warning."),
    click.option(
        "--timeout",
        callback=read_duration,
        metavar="TIME",
        default="24h",
        show_default=True,
        help="For each cell: 90s, 30m, 2h.",
    ),
    click.option(
        "--stall-timeout",
        callback=read_duration,
        metavar="TIME",
        default="5m",
        show_default=True,
        help="End a cell in which no rank has moved for so long, and name the rank.",
    ),
    click.option("--fresh-workers", is_flag=True, help="Start new processes for every cell instead of keeping them."),
    click.option(
        "--logger",
        multiple=True,
        metavar="NAME",
        help="Send the numbers of each cell to tensorboard, wandb, mlflow (extras) or a logger of your own; repeat.",
    ),
    click.option("--tensorboard", is_flag=True, help="The same as --logger tensorboard."),
    click.option(
        "--trace", is_flag=True, help="Write a trace of 5 steps of each cell, all ranks, for Perfetto or Chrome."
    ),
    click.option("--rerun", is_flag=True, help="Run cells again that are done."),
)

node_options = one_decorator(
    click.option(
        "--nnodes",
        type=int,
        default=1,
        show_default="1; inside srun, its tasks",
        help="Machines; run the same command on each.",
    ),
    click.option("--node-rank", type=int, default=0, show_default=True, help="Which of them this is; 0 decides."),
    click.option("--rdzv-endpoint", default="", metavar="HOST:PORT", help="An address of node 0 that all nodes reach."),
    click.option(
        "--no-token", is_flag=True, help="Let several nodes meet without the secret in RSBENCH_TOKEN: trusted networks."
    ),
)
