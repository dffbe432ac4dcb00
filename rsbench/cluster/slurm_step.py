"""The place of this process among the tasks of a Slurm step: each task that ``srun`` starts is one node of rsbench."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from rsbench.planning.devices import Nodes

FIRST_PORT: Final = 20_000
PORTS: Final = 10_000
"""Ports from the first on, of which each job takes the one of its number: below those that systems give away."""
_FIRST: Final = re.compile(r"(?:[^\[\],]|\[[^\]]*\])+")
_RANGES: Final = re.compile(r"\[([^\],-]+)[^\]]*\]")
_STEPS: Final = re.compile(r"[0-9]{1,9}", re.ASCII)
"""Numbers of steps of ``srun``; batch scripts and shells of ``salloc`` have none, or one above all these."""


def nodes_of_step(environment: Mapping[str, str]) -> Nodes | None:
    """Return the tasks of a Slurm step as machines of a comparison, None outside of steps and for a single task.

    Node 0 is the first task, on the first host of the step. A torchrun inside a step meets on its own.

    Args:
        environment: of this process.
    """
    if not _STEPS.fullmatch(environment.get("SLURM_STEP_ID", "")) or "WORLD_SIZE" in environment:
        return None
    try:
        count, rank, job = (int(environment[f"SLURM_{name}"]) for name in ("STEP_NUM_TASKS", "PROCID", "JOB_ID"))
        host = first_host(environment["SLURM_STEP_NODELIST"])
    except (KeyError, ValueError):  # not what Slurm sets, so not a step of Slurm
        return None
    return Nodes(count=count, rank=rank, endpoint=f"{host}:{FIRST_PORT + job % PORTS}") if count > 1 else None


def first_host(hosts: str) -> str:
    """Return the first of a list as Slurm writes it: ``gpu01`` of ``gpu[01-04,07],login``.

    Raises:
        ValueError: there is none.
    """
    first = _FIRST.match(hosts)
    if first is None:
        raise ValueError(hosts)
    return _RANGES.sub(r"\1", first[0])
