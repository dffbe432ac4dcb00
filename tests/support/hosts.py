"""Hosts of a cluster, as network namespaces joined by a cable: programs of each know the others by their addresses."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

PORT = 29500


@dataclass(kw_only=True)
class Host:
    """A network namespace, and the node of a comparison that runs in it.

    Attributes:
        namespace: its name.
        address: of its end of the cable.
        rank: of its node.
        place: folder for what its node prints and caches.
        out: its result folder.
    """

    namespace: str
    address: str
    rank: int
    place: Path
    out: Path
    command: subprocess.Popen[str] | None = None
    starts: int = 0

    @property
    def prefix(self) -> tuple[str, ...]:
        """What to put before a command of this host."""
        return ("ip", "netns", "exec", self.namespace)

    @property
    def said(self) -> str:
        """All that its commands printed."""
        return "".join(path.read_text() for path in sorted(self.place.glob("said-*")))

    @property
    def processes(self) -> list[psutil.Process]:
        """The processes that run on this host."""
        listed = subprocess.run(["ip", "netns", "pids", self.namespace], check=True, capture_output=True, text=True)
        return [psutil.Process(int(pid)) for pid in listed.stdout.split() if psutil.pid_exists(int(pid))]

    @property
    def pid(self) -> int:
        """The process id of the command that was started last."""
        assert self.command is not None
        return self.command.pid

    def start(self, endpoint: str, token: str, *words: str, **variables: str) -> None:
        """Start this host's node of a comparison over two nodes."""
        argv = [*self.prefix, sys.executable, "-m", "rsbench", "compare", "--out", str(self.out), "--device", "cpu"]
        argv += ["--nnodes", "2", "--node-rank", str(self.rank), "--rdzv-endpoint", endpoint, *words]
        own = {"OMP_NUM_THREADS": "1", "RSBENCH_TOKEN": token, "RSBENCH_CACHE": str(self.place / "cache")}
        self.starts += 1
        with (self.place / f"said-{self.starts}").open("w") as said:
            environment = {**os.environ, **own, **variables}
            self.command = subprocess.Popen(argv, stdout=said, stderr=said, text=True, env=environment, cwd=self.place)

    def wait(self, timeout_s: float = 400.0) -> int:
        """Return the exit code of the command that was started last."""
        assert self.command is not None
        return self.command.wait(timeout_s)

    def lose_power(self) -> None:
        """End every process at once, the command's first."""
        for process in sorted(self.processes, key=lambda process: process.pid):
            process.kill()
        if self.command is not None:
            self.command.wait(20)

    def interrupt(self) -> None:
        """Do what Ctrl-C does."""
        assert self.command is not None
        self.command.send_signal(signal.SIGINT)

    def workers(self) -> dict[int, psutil.Process]:
        """The worker processes by rank."""
        found = {}
        for process in self.processes:
            try:
                if "rsbench.launch.worker" in process.cmdline():
                    found[int(process.environ()["RANK"])] = process
            except (psutil.Error, KeyError):
                continue
        return found


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Two hosts and the cable between them.

    Attributes:
        hosts: node 0's first.
        token: of the comparison.
    """

    hosts: tuple[Host, Host]
    token: str

    @property
    def endpoint(self) -> str:
        """Where the nodes meet."""
        return f"{self.hosts[0].address}:{PORT}"

    def start(self, rank: int, *words: str, **variables: str) -> None:
        """Start one node."""
        self.hosts[rank].start(self.endpoint, self.token, *words, **variables)

    def wait_until(self, what: Callable[[], Any], timeout_s: float = 300.0) -> None:
        """Wait until something holds while the commands run."""
        deadline = time.monotonic() + timeout_s
        while not what():
            assert time.monotonic() < deadline, [host.said for host in self.hosts]
            time.sleep(0.05)

    def step(self, compressor: str) -> int:
        """The number of steps whose samples node 0 has written in a try that runs now; 0 without one."""
        with suppress(FileNotFoundError):  # the try has ended meanwhile
            for path in self.hosts[0].out.glob(f"cells/*-{compressor}-*/try-*/samples.jsonl"):
                return len(steps(path))
        return 0


def steps(samples: Path) -> list[dict[str, Any]]:
    """The samples of steps; a line that is not whole yet is left out."""
    lines = samples.read_text().splitlines(keepends=True)
    found = [json.loads(line) for line in lines if line.endswith("\n")]
    return [sample for sample in found if sample["kind"] == "step"]


def records(out: Path) -> dict[Path, dict[str, Any]]:
    """The records of a result folder, by their cells' folders."""
    return {path.parent: json.loads(path.read_text()) for path in out.glob("cells/*/record.json")}


def losses(out: Path) -> dict[str, list[float]]:
    """The loss of every step, by compressor."""
    return {
        record["cell"]["compressor"]: [sample["loss"] for sample in steps(cell / "samples.jsonl")]
        for cell, record in records(out).items()
    }


@contextmanager
def cluster(place: Path, *, shared: bool) -> Iterator[Cluster]:
    """Two hosts with a cable between them, and nothing left of them afterwards.

    Args:
        place: a folder for their files.
        shared: whether they have one result folder in common.
    """
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("network namespaces need root and iproute2")
    tag = secrets.token_hex(3)
    hosts = []
    for rank in (0, 1):
        own = place / f"host{rank}"
        own.mkdir()
        out = place / "out" if shared else own / "out"
        hosts.append(Host(namespace=f"rsb{tag}{rank}", address=f"10.77.0.{rank + 1}", rank=rank, place=own, out=out))
    first, second = hosts
    try:
        for host in hosts:
            _ip("netns", "add", host.namespace)
            _ip("-n", host.namespace, "link", "set", "lo", "up")
        ends = ["type", "veth", "peer", "name", f"v{tag}1", "netns", second.namespace]
        _ip("link", "add", f"v{tag}0", "netns", first.namespace, *ends)
        for host in hosts:
            _ip("-n", host.namespace, "addr", "add", f"{host.address}/24", "dev", f"v{tag}{host.rank}")
            _ip("-n", host.namespace, "link", "set", f"v{tag}{host.rank}", "up")
        yield Cluster(hosts=(first, second), token=secrets.token_hex(16))
    finally:
        for host in hosts:
            if Path("/run/netns", host.namespace).exists():
                host.lose_power()
            subprocess.run(["ip", "netns", "del", host.namespace], check=False, capture_output=True)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
