"""Run cells on this machine's worker processes, and say how each ended. Imports no torch."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, Protocol

from rsbench.emulation.network import SOCKET_VARIABLES, EmulatedNetwork
from rsbench.launch import failure, processes
from rsbench.launch.failure import Cause
from rsbench.launch.group import Stall, WorkerGroup
from rsbench.launch.rendezvous import Rendezvous
from rsbench.launch.signals import StopSignals
from rsbench.links.worker_links import parse_worker_links
from rsbench.planning.devices import TOKEN_VARIABLE, Nodes
from rsbench.results.folder import CellFolder

STALL_TIMEOUT_S: Final = 300.0
START_TIMEOUT_S: Final = 120.0
"""The longest that workers may take to start, unless a stall time-out above the default gives them more."""
NOTICE_S: Final = 8.0
"""Ranks notice at once that those of another node are gone; what happened there is known after so long at most."""
GRACE_S: Final = 5.0
"""Between asking processes to end and killing them."""
STOP_GRACE_S: Final = 50.0
"""Slurm's batch scripts of ours are told a minute before their end, so that less is left."""
LINGER_S: Final = 2.0
"""After one rank failed, the others have so long to write down what they saw."""

Status = Literal["done", "failed", "timeout", "interrupted"]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a cell ended.

    Attributes:
        status: of the launch; whether a record was written is for the caller to see.
        cause: what went wrong, None when nothing did.
        wall_s: from the order to the last rank's answer, in seconds.
    """

    status: Status
    cause: Cause | None = None
    wall_s: float

    @property
    def why(self) -> str:
        """What went wrong, in a sentence's worth; empty when nothing did."""
        return "" if self.cause is None else self.cause.reason

    @property
    def is_worth_a_restart(self) -> bool:
        """Whether the workers failed by something that may not happen again."""
        return self.status == "failed" and self.cause is not None and not self.cause.by_user


class Launcher(Protocol):
    """Runs cells that stand ready in their folders."""

    def run(self, folder: Path, *, workers_per_node: int, tick: Callable[[], None]) -> Outcome:
        """Run the cell to its end, calling ``tick`` a few times a second.

        Args:
            folder: holds ``job.json``; logs, samples and the record go there.
            workers_per_node: processes on this machine.
            tick: shows progress.
        """

    def places(self) -> Sequence[str]:
        """Return what each rank of this machine is about to do, from its heartbeats; nothing where none runs."""

    def close(self) -> None:
        """End the workers that wait for another cell."""


@dataclass(kw_only=True)
class WorkerLauncher:
    """The launcher that starts real processes, and keeps them from cell to cell.

    Attributes:
        stop: tells whether the user wants to end.
        nodes: the machines.
        rendezvous: where several machines meet; None on one.
        timeout_s: after this a cell is ended and counts as timed out.
        stall_timeout_s: after so long without a sign from any rank, a cell is ended.
        grace_s: between asking processes to end and killing them.
        stop_grace_s: the same where the user wants to end, so that a step can end and a checkpoint be saved.
        threads: compute threads of a worker, where ``OMP_NUM_THREADS`` does not say.
        work: what each worker does with a folder, as ``module:function``.
        environment: variables of the workers, beside this process's own.
        fresh: start new processes for every cell.
        interface: the network interface that workers talk over; empty for the one that is found.
    """

    stop: StopSignals
    nodes: Nodes = field(default_factory=Nodes)
    rendezvous: Rendezvous | None = None
    timeout_s: float = 86400.0
    stall_timeout_s: float = STALL_TIMEOUT_S
    grace_s: float = GRACE_S
    stop_grace_s: float = STOP_GRACE_S
    threads: int = 1
    work: str = "rsbench.launch.training:train"
    environment: Mapping[str, str] = field(default_factory=dict)
    fresh: bool = False
    interface: str = ""
    _group: WorkerGroup | None = None
    _network: EmulatedNetwork | None = None
    _fits: tuple[int, str, str] = (0, "", "")

    def run(self, folder: Path, *, workers_per_node: int, tick: Callable[[], None]) -> Outcome:
        """Run the cell on the workers of the one before, or on fresh ones; see :class:`Launcher` for the arguments."""
        started = time.monotonic()
        listener = None if self.rendezvous is None else self.rendezvous.open_store()
        store = "" if self.rendezvous is None else self.rendezvous.store_address
        status: Status = "failed"
        stall = None
        group = self._ready_group(CellFolder(folder), workers_per_node, listener)
        try:
            if self.rendezvous is not None:
                self.rendezvous.hand_over_store()
            group.order(folder, store)
            status, stall = self._watch(group, started, tick)
            exits = dict(group.exits)
        finally:
            if status != "done" or self.fresh or self.nodes.count > 1:
                graces_s = {"timeout": self.grace_s, "interrupted": self.stop_grace_s}
                self.close(grace_s=graces_s.get(status, 0.0))
            if self.rendezvous is not None:
                self.rendezvous.close_store()
        tick()
        cause = self._cause(status, CellFolder(folder), exits, stall)
        return Outcome(status=status, cause=cause, wall_s=time.monotonic() - started)

    def places(self) -> Sequence[str]:
        """Return what each rank of this machine is about to do; nothing where none runs."""
        return () if self._group is None else [mark.where for mark in self._group.marks()]

    def close(self, grace_s: float = 0.0) -> None:
        """End the workers and their emulated links, if there are any."""
        group, self._group = self._group, None
        network, self._network = self._network, None
        if group is not None:
            asked_before = min(self.stop.count, 1)  # two at once are two
            group.end(lambda: self.stop.count > asked_before, grace_s)
        if network is not None:
            network.close()

    def _ready_group(self, folder: CellFolder, size: int, listener: int | None) -> WorkerGroup:
        """Return workers that wait for an order: those of the cell before where they fit."""
        link = _field_of_cell(folder, "link")
        fits = (size, _field_of_cell(folder, "device"), link)
        if self._group is not None and (self._fits != fits or not self._group.usable):
            self.close()
        if self._group is None:
            self.close()  # links whose workers could not be started
            self._network = EmulatedNetwork(parse_worker_links(link), size) if link else None
            self._group = WorkerGroup(
                size=size,
                first_rank=self.nodes.rank * size,
                world_size=self.nodes.count * size,
                work=self.work,
                environment=self._environment(size),
                folder=folder,
                listener=listener,
                network=self._network,
            )
            self._fits = fits
        return self._group

    def _watch(self, group: WorkerGroup, started: float, tick: Callable[[], None]) -> tuple[Status, Stall | None]:
        """Wait until all ranks are done, one has ended, or somebody wants an end."""
        while not group.all_done:
            group.look(0.1)
            tick()
            if self.stop.number is not None:
                return "interrupted", None
            if group.exits:
                group.linger(LINGER_S)
                return "failed", None
            if self.rendezvous is not None and self._ended_elsewhere(group, self.rendezvous):
                return ("done" if group.all_done else "failed"), None
            if time.monotonic() - started > self.timeout_s:
                group.dump_stacks()
                return "timeout", None
            stall = group.stall(self.stall_timeout_s, self._start_limit_s)
            if stall is not None:
                group.dump_stacks()
                return "failed", stall
        return "done", None

    def _ended_elsewhere(self, group: WorkerGroup, rendezvous: Rendezvous) -> bool:
        """Return whether another node cannot go on with the cell, or node 0 goes on with something else."""
        if rendezvous.superseded():
            group.linger(LINGER_S)  # its ranks may just have been a little faster
            return True
        return rendezvous.trouble() is not None

    @property
    def _start_limit_s(self) -> float:
        """The longest that workers may take to start: what a step takes says little of it."""
        return START_TIMEOUT_S if self.stall_timeout_s <= STALL_TIMEOUT_S else self.stall_timeout_s

    def _environment(self, size: int) -> dict[str, str]:
        """Return the workers' environment: where they listen, and nothing of the comparison's token."""
        own = {"PYTHONSAFEPATH": "1", "PYTHONUNBUFFERED": "1", **self._sockets()}
        environment = {"OMP_NUM_THREADS": str(self.threads), **os.environ, **self.environment, **own}
        environment.pop(TOKEN_VARIABLE, None)
        return environment

    def _sockets(self) -> Mapping[str, str]:
        """Return the variables that tell workers over which interface they talk."""
        if self._network is not None:
            return self._network.environment
        if self.interface:
            return dict.fromkeys(SOCKET_VARIABLES, self.interface)
        interface = processes.loopback() if self.rendezvous is None else processes.interface_to(*self.nodes.address)
        sockets = dict.fromkeys(SOCKET_VARIABLES, interface) if interface else {}
        if self.rendezvous is not None:  # the user may know better which network is meant
            sockets = {name: os.environ.get(name, value) for name, value in sockets.items()}
        return sockets

    def _cause(self, status: Status, folder: CellFolder, exits: Mapping[int, int], stall: Stall | None) -> Cause | None:
        if stall is not None:
            return failure.standing_still(folder, stall.rank, stall.reason)
        if status == "failed":
            return failure.find(folder, exits, self._trouble(folder, exits))
        if status == "timeout":
            reason = f"it took longer than the time-out of {self.timeout_s:g} s"
            return Cause(reason=reason, log=failure.newest_log(folder.path), tail=())
        if status == "interrupted":
            name = signal.Signals(self.stop.number or signal.SIGINT).name
            return Cause(reason=f"rsbench received {name}", log=None, tail=())
        return None

    def _trouble(self, folder: CellFolder, exits: Mapping[int, int]) -> failure.Trouble | None:
        """Return what went wrong on another node; it may say so a little later than this node's ranks noticed."""
        if self.rendezvous is None:
            return None
        until = time.monotonic() + (NOTICE_S if failure.only_noticed(folder, exits) else 0.0)
        while self.rendezvous.trouble() is None and time.monotonic() < until:
            if self.rendezvous.superseded() or self.stop.number is not None:
                break
            time.sleep(0.1)
        return self.rendezvous.trouble()


def _field_of_cell(folder: CellFolder, name: str) -> str:
    """Return a field of the cell that is to run; empty where it has none, as for other work."""
    try:
        return str(json.loads(folder.job.read_text(encoding="utf-8"))["cell"][name] or "")
    except (OSError, ValueError, KeyError, TypeError):
        return ""
