"""Start one cell's workers through torchrun, watch them, end them, and say what went wrong. Imports no torch."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Final, Literal, Protocol, Self

import psutil

from rsbench.launch import failure
from rsbench.launch.failure import Cause
from rsbench.launch.parent_death import end_with_parent
from rsbench.planning.devices import Nodes

TOKEN: Final = "RSBENCH_LAUNCH"
"""Environment variable that marks every process of one launch, whatever session it moves to."""

Status = Literal["done", "failed", "timeout", "interrupted"]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a cell ended.

    Attributes:
        status: of the launch; whether a record was written is for the caller to see.
        cause: what went wrong, None when nothing did.
        wall_s: from start to the last process's end, in seconds.
    """

    status: Status
    cause: Cause | None = None
    wall_s: float


class Launcher(Protocol):
    """Runs a cell that stands ready in its folder."""

    def run(self, folder: Path, *, workers_per_node: int, run_id: str, tick: Callable[[], None]) -> Outcome:
        """Run the cell to its end, calling ``tick`` a few times a second.

        Args:
            folder: holds ``job.json``; logs, samples and the record go there.
            workers_per_node: processes on this machine.
            run_id: rendezvous id of this cell, equal on all nodes.
            tick: shows progress.
        """


class StopSignals:
    """While active, SIGINT, SIGTERM and SIGHUP are noted instead of ending this process.

    Attributes:
        number: the first signal that came, None so far.
        count: how many came; the second makes a launch skip its grace.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self.count = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self._before[name] = signal.signal(name, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name, handler in self._before.items():
            signal.signal(name, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        if self.number is None:
            self.number = number


@dataclass(frozen=True, kw_only=True)
class Torchrun:
    """The launcher that starts real processes.

    Attributes:
        stop: tells whether the user wants to end.
        nodes: the machines.
        timeout_s: after this the run is ended and counts as timed out.
        grace_s: between asking processes to end and killing them.
        threads: compute threads of a worker, where ``OMP_NUM_THREADS`` does not say.
        module: what each worker runs (``python -m``), with the folder as its argument.
        environment: variables of the workers, beside this process's own.
    """

    stop: StopSignals
    nodes: Nodes = field(default_factory=Nodes)
    timeout_s: float = 86400.0
    grace_s: float = 5.0
    threads: int = 1
    module: str = "rsbench.launch.worker"
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, folder: Path, *, workers_per_node: int, run_id: str, tick: Callable[[], None]) -> Outcome:
        """Run the workers to their end; see :class:`Launcher` for the arguments."""
        token = secrets.token_hex(8)
        started = time.monotonic()
        status: Status = "done"
        launcher_log = folder / self.nodes.log_name
        with launcher_log.open("wb") as log:
            process = subprocess.Popen(
                self.command(folder, workers_per_node, run_id),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment(token),
                start_new_session=True,  # a Ctrl-C on the terminal reaches the parent only, which ends the rest
                preexec_fn=end_with_parent(os.getpid()),  # noqa: PLW1509 - rsbench has one thread, see LiveProgress
            )
        try:
            while process.poll() is None:
                tick()
                if self.stop.number is not None:
                    status = "interrupted"
                elif time.monotonic() - started > self.timeout_s:
                    status = "timeout"
                if status != "done":
                    break
                time.sleep(0.1)
        finally:
            self._end(process, token)
        tick()
        if status == "done" and process.returncode != 0:
            status = "failed"
        return Outcome(
            status=status,
            cause=self._cause(status, launcher_log, process.returncode),
            wall_s=time.monotonic() - started,
        )

    def command(self, folder: Path, workers_per_node: int, run_id: str) -> list[str]:
        """Return the command line that starts this machine's workers."""
        if self.nodes.count == 1:
            rendezvous = ["--standalone"]
        else:
            rendezvous = [
                *("--rdzv-backend", "static", "--rdzv-endpoint", self.nodes.endpoint),
                *("--rdzv-id", run_id, "--node-rank", str(self.nodes.rank)),
            ]
        return [
            *(sys.executable, "-m", "torch.distributed.run"),
            *("--nnodes", str(self.nodes.count), "--nproc-per-node", str(workers_per_node)),
            *rendezvous,
            *("--shutdown-timeout", "5", "--max-restarts", "0", "-m", self.module, str(folder)),
        ]

    def _environment(self, token: str) -> dict[str, str]:
        own = {"PYTHONSAFEPATH": "1", "PYTHONUNBUFFERED": "1", TOKEN: token}
        return {"OMP_NUM_THREADS": str(self.threads), **os.environ, **self.environment, **own}

    def _end(self, process: subprocess.Popen[bytes], token: str) -> None:
        """Leave no process of this launch behind: SIGTERM to torchrun, grace, SIGKILL to all that carry the token."""
        known = _descendants(process.pid)
        if process.poll() is None:
            process.terminate()
            deadline = time.monotonic() + self.grace_s
            asked_before = self.stop.count
            while process.poll() is None and time.monotonic() < deadline and self.stop.count <= asked_before:
                time.sleep(0.05)
        for _ in range(20):  # a worker may be starting a helper just now, so look again until none is left
            left = {worker for worker in known | _marked(token) if _alive(worker)}
            if not left and process.poll() is not None:
                return
            for worker in left:
                _kill(worker)
            if process.poll() is None:
                process.kill()
            psutil.wait_procs(list(left), timeout=0.5)
            known = set()

    def _cause(self, status: Status, launcher_log: Path, returncode: int) -> Cause | None:
        if status == "failed":
            return failure.find(launcher_log, returncode)
        if status == "timeout":
            return Cause(
                reason=f"it took longer than the time-out of {self.timeout_s:g} s",
                log=failure.newest_log(launcher_log.parent),
                tail=(),
            )
        if status == "interrupted":
            name = signal.Signals(self.stop.number or signal.SIGINT).name
            return Cause(reason=f"rsbench received {name}", log=None, tail=())
        return None


def _descendants(pid: int) -> set[psutil.Process]:
    try:
        return set(psutil.Process(pid).children(recursive=True))
    except psutil.Error:
        return set()


def _marked(token: str) -> set[psutil.Process]:
    """Return our processes that carry the token: torchrun's workers live in sessions of their own."""
    found = set()
    for process in psutil.process_iter():
        try:
            if process.environ().get(TOKEN) == token:
                found.add(process)
        except (psutil.Error, OSError):
            continue  # somebody else's, or gone
    return found


def _alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.Error:
        return  # gone meanwhile


def torchrun_environment(environment: Mapping[str, str]) -> bool:
    """Tell whether this process was started by a torchrun (``RANK`` and ``WORLD_SIZE`` are set)."""
    return "RANK" in environment and "WORLD_SIZE" in environment
