"""Node 0 tells the others something short through a store at the rendezvous endpoint, then closes it.

The parent imports no torch, so a short helper process does: ``python -m rsbench.launch.rendezvous publish|fetch``. The
endpoint is free again when :meth:`NodeBarrier.publish` returns, for torchrun to use. As publishing ends only when every
node has fetched, it is also a barrier: a cell starts on no node before node 0 has ended the one before.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from rsbench.errors import RsbenchError
from rsbench.planning.devices import Nodes


@dataclass(frozen=True, kw_only=True)
class NodeBarrier:
    """Where nodes wait for each other.

    Attributes:
        nodes: the machines, and which of them this is.
        timeout_s: how long to wait for the others.
        cancelled: tells whether the user wants to end.
    """

    nodes: Nodes
    timeout_s: float
    cancelled: Callable[[], bool] = lambda: False

    def wait(self, name: str) -> None:
        """Return when every node has called this with the same name, or when cancelled; at once on a single machine.

        Raises:
            RsbenchError: a node did not come in time, or the endpoint cannot be opened.
        """
        if self.nodes.count > 1:
            self.publish("go", name) if self.nodes.rank == 0 else self.fetch(name)

    def publish(self, content: Any, name: str) -> None:
        """Hand ``content`` (JSON) to all other nodes; returns when all have it, or when cancelled.

        Raises:
            RsbenchError: a node did not come in time, or the endpoint cannot be opened.
        """
        self._run_helper("publish", name, json.dumps(content))

    def fetch(self, name: str) -> Any:
        """Return what node 0 publishes under ``name``; None when cancelled.

        Raises:
            RsbenchError: node 0 did not publish in time.
        """
        return json.loads(self._run_helper("fetch", name, "") or "null")

    def _run_helper(self, what: str, name: str, content: str) -> str:
        nodes = self.nodes
        command = [
            *(sys.executable, "-m", "rsbench.launch.rendezvous", what, nodes.endpoint),
            *(str(nodes.count), str(nodes.rank), name, str(self.timeout_s)),
        ]
        with tempfile.TemporaryFile("w+") as given, tempfile.TemporaryFile("w+") as errors:
            given.write(content)
            given.seek(0)
            with tempfile.TemporaryFile("w+") as answer:
                environment = {**os.environ, "PYTHONSAFEPATH": "1"}
                process = subprocess.Popen(command, stdin=given, stdout=answer, stderr=errors, env=environment)
                try:
                    while process.poll() is None and not self.cancelled():
                        time.sleep(0.05)
                finally:
                    process.kill()
                    process.wait()
                answer.seek(0)
                errors.seek(0)
                if process.returncode != 0 and not self.cancelled():
                    raise self._missed(what, errors.read())
                return answer.read()

    def _missed(self, what: str, errors: str) -> RsbenchError:
        last = (errors.strip().splitlines() or ["it gave no reason"])[-1]
        who = "the other nodes" if what == "publish" else "node 0"
        return RsbenchError(
            f"No rendezvous with {who} at {self.nodes.endpoint} within {self.timeout_s:g} s ({last[:200]}): start the"
            " same command on every node, each with its own --node-rank, and an --rdzv-endpoint on node 0 that all"
            " can reach."
        )


def _serve(address: tuple[str, int], nodes: int, name: str, timeout: timedelta, content: str) -> None:
    from torch._C._distributed_c10d import TCPStore  # late: start-up

    store = TCPStore(*address, is_master=True, timeout=timeout, wait_for_workers=False)
    store.set(name, content)
    store.wait([f"{name}/{node}" for node in range(1, nodes)], timeout)


def _ask(address: tuple[str, int], node: int, name: str, timeout: timedelta) -> str:
    from torch._C._distributed_c10d import TCPStore  # late: start-up

    deadline = time.monotonic() + timeout.total_seconds()
    while True:
        left = timedelta(seconds=max(1.0, deadline - time.monotonic()))
        try:
            store = TCPStore(*address, is_master=False, timeout=left, wait_for_workers=False)
            content: str = store.get(name).decode()
            store.set(f"{name}/{node}", "fetched")
            return content
        except RuntimeError:  # node 0 was still closing the store of the cell before
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.5)


def main() -> None:
    """Run the helper process."""
    parser = argparse.ArgumentParser(description="Internal: publish or fetch a text at the rendezvous endpoint.")
    parser.add_argument("what", choices=("publish", "fetch"))
    parser.add_argument("endpoint")
    parser.add_argument("nodes", type=int)
    parser.add_argument("node", type=int)
    parser.add_argument("name")
    parser.add_argument("timeout_s", type=float)
    given = parser.parse_args()
    host, _, port = given.endpoint.rpartition(":")
    timeout = timedelta(seconds=given.timeout_s)
    if given.what == "publish":
        _serve((host, int(port)), given.nodes, given.name, timeout, sys.stdin.read())
    else:
        sys.stdout.write(_ask((host, int(port)), given.node, given.name, timeout))


if __name__ == "__main__":
    main()
