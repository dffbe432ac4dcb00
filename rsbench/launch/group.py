"""Worker processes of one machine that stay for many cells: start, orders, signs of life, end."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rsbench.emulation.network import EmulatedNetwork
from rsbench.errors import RsbenchError
from rsbench.launch import processes
from rsbench.launch.scratch import Scratch
from rsbench.measure.heartbeat import Heartbeats, Mark
from rsbench.parent_death import end_with_parent
from rsbench.results.folder import CellFolder

CONFIRM_S: Final = 2.0
"""Ranks that stand still are looked at again after so long: a machine that was suspended as a whole recovers."""
READY, DONE = "ready", "done"


@dataclass(frozen=True, kw_only=True)
class Stall:
    """Ranks that have made no sign for too long.

    Attributes:
        rank: the one that holds up the others, None when none can be told.
        reason: one sentence's worth.
    """

    rank: int | None
    reason: str


@dataclass(kw_only=True)
class _Worker:
    """One process.

    Attributes:
        rank: of all.
        process: a child of this one.
        answers: file descriptor of the pipe that it answers through.
        told: what it has answered, READY first.
    """

    rank: int
    process: subprocess.Popen[bytes]
    answers: int
    told: list[str] = field(default_factory=list)


class WorkerGroup:
    """Processes that run cell after cell, as many as ranks of this machine.

    Each is a child of this process and gets its orders through a pipe; when this process dies, however it dies, so do
    they. Use :meth:`order`, then :meth:`look` until :attr:`all_done` or :attr:`exits` says something.

    Args:
        size: ranks on this machine.
        first_rank: of them, among all.
        world_size: ranks on all machines.
        work: ``module:function`` of a :class:`~rsbench.launch.member.Work`.
        environment: of the processes.
        folder: what they say before their first order goes to their logs in this cell's folder.
        listener: socket that rank 0's store is to listen at; None where ranks meet in a file.
        network: the emulated links that the ranks talk over; None where they talk over this machine's.

    Attributes:
        exits: rank -> exit code (negative: signal) of processes that ended, in the order seen.
    """

    def __init__(
        self,
        *,
        size: int,
        first_rank: int,
        world_size: int,
        work: str,
        environment: Mapping[str, str],
        folder: CellFolder,
        listener: int | None = None,
        network: EmulatedNetwork | None = None,
    ) -> None:
        self._network = network
        self.exits: dict[int, int] = {}
        self._cells = 0
        self._still_since: float | None = None
        self._workers: list[_Worker] = []
        self._scratch = Scratch()
        try:
            self._heartbeats = Heartbeats(self._scratch.path / "heartbeats", size)
            for local in range(size):
                place = {"RANK": first_rank + local, "WORLD_SIZE": world_size, "LOCAL_RANK": local}
                place["LOCAL_WORLD_SIZE"] = size
                own = {name: str(value) for name, value in place.items()} | {processes.MARK: self._scratch.mark}
                passed = listener if first_rank + local == 0 else None
                self._workers.append(self._start(local, {**environment, **own}, work, folder, passed))
        except OSError as error:
            self.end(lambda: True)
            raise RsbenchError(f"The worker processes could not be started ({error}).") from error

    def _start(
        self, local: int, environment: dict[str, str], work: str, folder: CellFolder, listener: int | None
    ) -> _Worker:
        rank = int(environment["RANK"])
        reads, writes = os.pipe()
        command = [sys.executable, "-m", "rsbench.launch.worker", work]
        command += [str(writes), str(self._scratch.path / "heartbeats"), *([] if listener is None else [str(listener)])]
        with folder.log(rank).open("ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                pass_fds=[writes, *([] if listener is None else [listener])],
                start_new_session=True,  # a Ctrl-C on the terminal reaches the parent only, which ends the rest
                preexec_fn=self._prepared(rank),  # noqa: PLW1509 - rsbench has one thread, see LiveProgress
            )
        os.close(writes)
        return _Worker(rank=rank, process=process, answers=reads)

    def _prepared(self, rank: int) -> Callable[[], None]:
        """Return what a rank's process does between fork and exec."""
        bound_to_parent = end_with_parent(os.getpid())
        if self._network is None:
            return bound_to_parent
        enter = self._network.enter(rank)

        def prepare() -> None:
            bound_to_parent()
            enter()

        return prepare

    @property
    def all_done(self) -> bool:
        """Whether every rank has done what the last order says."""
        return all(worker.told.count(DONE) >= self._cells for worker in self._workers)

    @property
    def usable(self) -> bool:
        """Whether every process lives and waits for an order."""
        self.look(0.0)
        return self.all_done and not self.exits

    def order(self, folder: Path, store: str = "") -> None:
        """Let every rank do the work of a folder.

        Args:
            folder: what the work gets.
            store: ``host:port`` of the store where ranks of several machines meet; on one machine they meet in a file.
        """
        self._cells += 1
        self._heartbeats.restart("begin the cell" if self._cells > 1 else "start its process")
        order = {"folder": str(folder), "store": store or str(self._scratch.path / f"meet-{self._cells}")}
        for worker in self._workers:
            with suppress(BrokenPipeError):  # it has ended, which look() notices
                assert worker.process.stdin is not None
                worker.process.stdin.write(json.dumps(order).encode() + b"\n")
                worker.process.stdin.flush()

    def look(self, timeout_s: float) -> None:
        """Take in what the ranks answered and which of them ended; returns early when one answers."""
        open_pipes = {worker.answers: worker for worker in self._workers if worker.rank not in self.exits}
        readable, _, _ = select.select(list(open_pipes), [], [], timeout_s)
        for pipe in readable:
            text = os.read(pipe, 4096).decode("ascii", "replace")  # a plug-in may have written into it
            open_pipes[pipe].told += text.split()
            if not text:  # the process has closed its end: it is about to be gone
                with suppress(subprocess.TimeoutExpired):
                    open_pipes[pipe].process.wait(1.0)
        for worker in self._workers:
            code = worker.process.poll()
            if code is not None and worker.rank not in self.exits:
                self.exits[worker.rank] = code

    def marks(self) -> list[Mark]:
        """Return where each rank was last seen."""
        return self._heartbeats.read()

    def stall(self, limit_s: float, start_limit_s: float) -> Stall | None:
        """Return who stands still, None while somebody moves.

        Args:
            limit_s: the longest that ranks may make no sign.
            start_limit_s: the same until all have loaded what they need, unless a process is stopped.
        """
        starting = not all(worker.told for worker in self._workers)
        marks = self.marks()
        waited = [
            (worker, mark)
            for worker, mark in zip(self._workers, marks, strict=True)
            if (not worker.told if starting else worker.told.count(DONE) < self._cells)
        ]
        now = time.monotonic()
        newest = max((mark.at_s for _, mark in waited), default=now)
        if starting:
            stopped = any(processes.is_stopped(worker.process.pid) for worker, _ in waited)
            limit_s = min(limit_s, start_limit_s) if stopped else start_limit_s
        if now - newest <= limit_s:
            self._still_since = None
            return None
        self._still_since = self._still_since or now
        if now - self._still_since < CONFIRM_S:
            return None
        return _blame(waited, now - newest)

    def dump_stacks(self) -> None:
        """Let every rank write to its log where it is; one that is stopped, or has not begun, cannot."""
        for worker in self._workers:
            if worker.told and worker.rank not in self.exits and not processes.is_stopped(worker.process.pid):
                worker.process.send_signal(signal.SIGUSR1)
        time.sleep(0.3)

    def linger(self, seconds: float) -> None:
        """Give ranks that lost another time to write down why."""
        deadline = time.monotonic() + seconds
        while len(self.exits) < len(self._workers) and not self.all_done and time.monotonic() < deadline:
            self.look(0.05)

    def end(self, hurried: Callable[[], bool], grace_s: float = 0.0) -> None:
        """Leave no process and no file behind: SIGTERM, grace, SIGKILL; helpers of the workers included.

        Args:
            hurried: tells to end the grace.
            grace_s: between SIGTERM and SIGKILL.
        """
        for worker in self._workers:
            assert worker.process.stdin is not None
            with suppress(OSError):
                worker.process.stdin.close()
            if worker.process.poll() is None and grace_s > 0:
                worker.process.terminate()
        deadline = time.monotonic() + grace_s
        while any(w.process.poll() is None for w in self._workers) and time.monotonic() < deadline and not hurried():
            time.sleep(0.05)
        for worker in self._workers:
            worker.process.kill()
            worker.process.wait()
            os.close(worker.answers)
        self._workers = []
        self._scratch.remove()


def _blame(waited: list[tuple[_Worker, Mark]], still_s: float) -> Stall:
    """Say which of the ranks that are waited for holds up the others."""
    stopped = [(w, mark) for w, mark in waited if processes.is_stopped(w.process.pid)]
    fewest = min(mark.count for _, mark in waited)
    behind = stopped or [(w, mark) for w, mark in waited if mark.count == fewest]
    if not stopped and len(behind) == len(waited) > 1:
        where = ", ".join(sorted({mark.where for _, mark in waited}))
        ranks = " and ".join(str(w.rank) for w, _ in waited) if len(waited) < 5 else f"all {len(waited)} here"
        return Stall(rank=None, reason=f"ranks {ranks} have stood still for {still_s:.0f} s, all about to {where}")
    worker, mark = behind[0]
    why = ": its process is stopped" if stopped else ""
    return Stall(
        rank=worker.rank,
        reason=f"rank {worker.rank} has stood still for {still_s:.0f} s{why}; it was about to {mark.where}",
    )
