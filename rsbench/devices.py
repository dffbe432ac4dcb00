"""How many workers, and on what: from the user's wish and what the machine has."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

from rsbench.errors import RsbenchError
from rsbench.spec import Device

DEFAULT_CPU_WORKERS: Final = 2


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the user said about devices; None where nothing was said. Counts are per node.

    Attributes:
        gpus: as many workers as GPUs, on GPUs.
        workers: so many workers.
        device: on this.
    """

    gpus: int | None = None
    workers: int | None = None
    device: Device | None = None


def choose(wish: Wish, *, nodes: int) -> tuple[int, Device]:
    """Return the number of workers in all and their device.

    Args:
        wish: what was asked for; nothing means all GPUs, else two CPU workers.
        nodes: machines, each with the same devices.

    Raises:
        RsbenchError: contradicting wishes, or more GPUs than there are.
    """
    if wish.gpus is not None and (wish.workers is not None or wish.device is not None):
        raise RsbenchError("Give either --gpus N or --workers N with --device cpu|cuda, not both.")
    for option, count in (("--gpus", wish.gpus), ("--workers", wish.workers)):
        if count is not None and count < 1:
            raise RsbenchError(f"{option} is {count}, but must be at least 1.")
    if wish.gpus is not None:
        return nodes * _checked(wish.gpus, f"--gpus {wish.gpus}"), "cuda"
    if wish.device == "cuda":
        workers = max(1, _gpus()) if wish.workers is None else wish.workers
        return nodes * _checked(workers, f"--workers {workers} --device cuda"), "cuda"
    if wish.device is None and wish.workers is None:
        gpus = _gpus()
        if gpus:
            return nodes * gpus, "cuda"
    return nodes * (wish.workers or DEFAULT_CPU_WORKERS), "cpu"


def _gpus() -> int:
    from rsbench import probe

    return probe.gpu_count()


def _checked(asked: int, option: str) -> int:
    """Return the number of GPUs asked for, or refuse it."""
    there = _gpus()
    if asked > there:
        has = "no GPU that torch can use" if there == 0 else f"only {there} GPU{'s' if there > 1 else ''}"
        raise RsbenchError(
            f"{option} asks for {asked} GPU{'s' if asked > 1 else ''}, but this machine has {has}: run on its"
            f" {os.cpu_count()} CPU cores with --workers {asked} --device cpu"
            + (f", or on what is there with --gpus {there}." if there else ".")
        )
    return asked
