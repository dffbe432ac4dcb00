"""The command ``rsbench k8s``."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Final

import click

from rsbench.cli.grammar.command import CLUSTER, SCRIPT, Command, heading
from rsbench.cli.request import command_line, read_compare_options
from rsbench.cluster.kubernetes import KINDS, WORKING_FOLDER, Comparison, literal, manifest
from rsbench.console import make_console, make_progress_console, pipe, say
from rsbench.errors import RsbenchError
from rsbench.planning.devices import MOST_NODES
from rsbench.planning.plan_file import shipped
from rsbench.planning.request import Request

_BY_THE_FILE: Final = "each pod gets it from the file that is written"
_TAKEN: Final = {
    "nnodes": "--nodes says how many pods there are",
    "node_rank": _BY_THE_FILE,
    "rdzv_endpoint": _BY_THE_FILE,
    "dry_run": "what runs in pods is shown by `rsbench compare --dry-run` with the same options",
    "contact": "it goes with --dry-run",
}
_RESTARTS: Final = ("--max-restarts", "10")
"""Stands before what the user gives, which wins: nodes wait for a pod that comes in the place of another."""
_VOLUMES: Final = {"out": "rsbench-results", "data_root": "data"}
"""Parameters of ``compare`` that name folders, and the volumes of a pod that these stand in."""


@click.command(cls=Command, context_settings={"ignore_unknown_options": True})
@heading(
    CLUSTER,
    click.option("--image", required=True, metavar="IMAGE", help="rsbench's container image: docs/docker.md."),
    click.option("--nodes", type=click.IntRange(1, MOST_NODES), default=1, show_default=True, help="Pods."),
    click.option(
        "--gpus-per-node",
        type=click.IntRange(1),
        metavar="N",
        help="GPUs of each pod, one worker each.  [none: give --workers]",
    ),
    click.option(
        "--kind",
        type=click.Choice(KINDS),
        default=KINDS[0],
        show_default=True,
        help="An indexed Job, or a TrainJob of Kubeflow Trainer v2.",
    ),
)
@heading(
    SCRIPT,
    click.option("--name", default="rsbench", metavar="NAME", show_default=True, help="Name of the cluster's objects."),
    click.option("--output", metavar="FILE", help="File to write; - prints.  [NAME-KIND.yaml]"),
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[OPTIONS OF COMPARE]...")
@click.pass_context
def k8s(
    ctx: click.Context,
    /,
    image: str,
    nodes: int,
    gpus_per_node: int | None,
    kind: str,
    name: str,
    output: str | None,
    arguments: tuple[str, ...],
) -> None:
    """Write a Kubernetes manifest that runs a comparison, one pod a node.

    All options of `rsbench compare` may follow; they are checked first. Nothing is sent to a cluster. A pod that is
    pre-empted gets another in its place, which goes on from the last checkpoint: see docs/clusters.md.

    \b
    Examples:
      rsbench k8s --image ghcr.io/you/rsbench:0.1.0 --nodes 2 --gpus-per-node 4
      rsbench k8s --image rsbench --kind trainjob --plan paper-scene --workers 8
      rsbench k8s --image rsbench --workers 2 --output - | kubectl apply -f -
    """  # noqa: D301 - click reads \b
    own = (*_RESTARTS, *(() if gpus_per_node is None else ("--gpus", str(gpus_per_node))))
    request, given, words = read_compare_options(ctx, [*own, *arguments], nodes=nodes, taken=_TAKEN)
    _check(request, given["plan"], gpus_per_node)
    comparison = Comparison(
        name=name,
        image=image,
        nodes=nodes,
        gpus=gpus_per_node or 0,
        arguments=("compare", *own, *map(literal, [*words, *arguments])),
        command=command_line(ctx),
    )
    comparison.check()
    text = manifest(kind, comparison)
    if output == "-":
        pipe(text)
        return
    path = Path(output or f"{name}-{kind}.yaml")
    _write(path, text)
    say(make_console(), f"Wrote {path}.")
    say(make_progress_console(), f"Next: kubectl apply -f {path}. Its first lines say what it needs.")


def _check(request: Request, plan: str | None, gpus_per_node: int | None) -> None:
    """Refuse what planning takes but a pod of ours cannot do.

    Raises:
        RsbenchError: says what to give instead.
    """
    for grid in request.grids:
        if gpus_per_node is None and (not grid.devices.workers or grid.devices.device == "cuda"):
            raise RsbenchError("Nothing says what a pod works with: give --gpus-per-node N, or --workers N for CPUs.")
        if gpus_per_node is not None and len(grid.devices.gpus) > 1:
            raise RsbenchError("Leave out --gpus: each pod gets --gpus-per-node, and as many workers.")
        if grid.worker_links:
            raise RsbenchError("--link emulates links as root, which these pods are not: leave it out.")
    if plan is not None and plan not in shipped():
        raise RsbenchError(f"--plan is the file {plan}, which pods do not have: give its options, or a shipped plan.")
    for name, volume in _VOLUMES.items():
        folder = PurePosixPath(WORKING_FOLDER, getattr(request, name))
        if ".." in folder.parts or not folder.is_relative_to(f"{WORKING_FOLDER}/{volume}"):
            raise RsbenchError(
                f"--{name.replace('_', '-')} is {getattr(request, name)}, but what outlives a pod stands in the volume"
                f" {volume}: name {volume} or a folder in it."
            )


def _write(path: Path, text: str) -> None:
    """Write a file that is not there yet.

    Raises:
        RsbenchError: something of that name is there, which may hold changes of the user's.
    """
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise RsbenchError(f"{path} is there already: remove it, or give another --output.") from None
