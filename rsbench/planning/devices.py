"""How many workers, and on what: from what the user asked for and what the machine has."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass
from typing import Final

from rsbench.cell import Device
from rsbench.errors import RsbenchError
from rsbench.planning import probe
from rsbench.recipe.ranges import MOST

DEFAULT_CPU_WORKERS: Final = 2
TOKEN_VARIABLE: Final = "RSBENCH_TOKEN"
"""Environment variable of the secret that all nodes of a comparison know."""
MOST_NODES: Final = 65_536
_ENDPOINT: Final = re.compile(
    r"(?:\[(?P<six>[0-9A-Fa-f:.%\w]+)\]|(?P<host>[^\s:/@\[\]]+)):(?P<port>[0-9]{1,9})", re.ASCII
)
_LIKE_AN_ADDRESS: Final = re.compile(r"[0-9.]+")
_HOST: Final = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*\.?")


@dataclass(frozen=True, kw_only=True)
class DeviceRequest:
    """What the user said about devices; nothing where nothing was said. Counts are per node, several to compare.

    Attributes:
        gpus: as many workers as GPUs, on GPUs.
        workers: so many workers.
        device: device type; None chooses.
    """

    gpus: tuple[int, ...] = ()
    workers: tuple[int, ...] = ()
    device: Device | None = None


def resolve(asked: DeviceRequest, *, nodes: int, check_gpus: bool = True) -> tuple[tuple[int, ...], Device]:
    """Return the numbers of workers in all and their device.

    Args:
        asked: what was asked for; nothing means all GPUs, else two CPU workers.
        nodes: machines, each with the same devices.
        check_gpus: refuse more GPUs than this machine has; False plans for another machine.

    Raises:
        RsbenchError: options that contradict each other, or more GPUs than there are.
    """
    if asked.gpus and (asked.workers or asked.device is not None):
        raise RsbenchError("Give either --gpus N or --workers N with --device cpu|cuda, not both.")
    for option, counts in (("--gpus", asked.gpus), ("--workers", asked.workers)):
        if counts and min(counts) < 1:
            raise RsbenchError(f"{option} is {min(counts)}, but must be at least 1.")
        if counts and max(counts) * nodes > MOST["workers"]:
            raise RsbenchError(
                f"{option} {max(counts):,} on {nodes} nodes is more than the {MOST['workers']:,.0f} workers that"
                " rsbench takes."
            )
    if asked.gpus:
        if check_gpus:
            _check_gpus(max(asked.gpus), f"--gpus {max(asked.gpus)}")
        return tuple(nodes * count for count in asked.gpus), "cuda"
    if asked.device == "cuda":
        workers = asked.workers or (max(1, probe.gpu_count()),)
        if check_gpus:
            _check_gpus(max(workers), f"--workers {max(workers)} --device cuda")
        return tuple(nodes * count for count in workers), "cuda"
    if asked.device is None and not asked.workers:
        gpus = probe.gpu_count()
        if gpus:
            return (nodes * gpus,), "cuda"
    return tuple(nodes * count for count in asked.workers or (DEFAULT_CPU_WORKERS,)), "cpu"


def _check_gpus(asked: int, option: str) -> None:
    """Refuse more GPUs than there are."""
    there = probe.gpu_count()
    if asked > there:
        has = "no GPU that torch can use" if there == 0 else f"only {there} GPU{'s' if there > 1 else ''}"
        raise RsbenchError(
            f"{option} asks for {asked} GPU{'s' if asked > 1 else ''}, but this machine has {has}: run on its"
            f" {os.cpu_count()} CPU cores with --workers {asked} --device cpu"
            + (f", or on what is there with --gpus {there}." if there else ".")
        )


def endpoint_of(text: str) -> tuple[str, int]:
    """Return host and port of ``HOST:PORT``; an IPv6 address stands in brackets, ``[fd00::7]:29500``.

    Raises:
        RsbenchError: says what is wrong, and the right form.
    """
    match = _ENDPOINT.fullmatch(text)
    reason = "is not of that form"
    if match is not None:
        host, port = match["six"] or match["host"], int(match["port"])
        reason = _host_problem(host, is_six=match["six"] is not None)
        if not reason and 0 < port < 65536:
            return host, port
        reason = reason or f"names port {port:,}, but ports are 1 to 65,535"
    raise RsbenchError(
        "--rdzv-endpoint takes HOST:PORT, an address of node 0 that all nodes reach and a free port there, such as"
        f' 10.0.0.7:29500, gpu01:29500 or [fd00::7]:29500, without http:// or a user\'s name; "{text}" {reason}.'
    )


def _host_problem(host: str, *, is_six: bool) -> str:
    """Return why nodes cannot reach a host of that name, empty where they might."""
    try:
        address = ipaddress.IPv6Address(host) if is_six else ipaddress.IPv4Address(host)
    except ValueError:
        if is_six or _LIKE_AN_ADDRESS.fullmatch(host):
            return f"names {host}, which is no IPv{6 if is_six else 4} address"
        return "" if len(host) < 254 and _HOST.fullmatch(host) else f"names {host}, which is no host"
    if address.is_unspecified or address.is_multicast:
        return f"names {host}, which is no single machine's address"
    return ""


@dataclass(frozen=True, kw_only=True)
class Nodes:
    """The machines that one cell runs on.

    Attributes:
        count: how many.
        rank: which of them this is.
        endpoint: ``host:port`` on node 0 that all reach; empty on a single machine.
    """

    count: int = 1
    rank: int = 0
    endpoint: str = ""

    def check(self) -> None:
        """Refuse nodes that do not fit together.

        Raises:
            RsbenchError: says which option to mend.
        """
        if not 1 <= self.count <= MOST_NODES:
            raise RsbenchError(f"--nnodes is {self.count}, but must be 1 to {MOST_NODES:,}.")
        if not 0 <= self.rank < self.count:
            raise RsbenchError(
                f"--node-rank is {self.rank}, but with --nnodes {self.count} it is 0 to {self.count - 1}."
            )
        if self.endpoint:
            endpoint_of(self.endpoint)
        elif self.count > 1:
            raise RsbenchError(
                f"--nnodes {self.count} needs --rdzv-endpoint HOST:PORT with an address of node 0 that all nodes reach"
                f' and a free port there; it is "{self.endpoint}".'
            )

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the endpoint."""
        return endpoint_of(self.endpoint)
