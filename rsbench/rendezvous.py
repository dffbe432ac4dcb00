"""Node 0 tells the others something short through a store at the rendezvous endpoint, then closes it.

The parent imports no torch, so a short helper process does: ``python -m rsbench.rendezvous publish|fetch``. The
endpoint is free again when :func:`publish` returns, for torchrun to use. As publishing ends only when every node has
fetched, it is also a barrier: a cell starts on no node before node 0 has ended the one before.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from datetime import timedelta
from typing import Any

from rsbench.errors import RsbenchError


def publish(content: Any, *, endpoint: str, nodes: int, name: str, timeout_s: float) -> None:
    """Hand ``content`` (JSON) to all other nodes; returns when all have it.

    Raises:
        RsbenchError: a node did not come within ``timeout_s``, or the endpoint cannot be opened.
    """
    _helper("publish", endpoint, nodes=nodes, node=0, name=name, timeout_s=timeout_s, content=json.dumps(content))


def fetch(*, endpoint: str, nodes: int, node: int, name: str, timeout_s: float) -> Any:
    """Return what node 0 publishes under ``name``.

    Raises:
        RsbenchError: node 0 did not publish within ``timeout_s``.
    """
    return json.loads(_helper("fetch", endpoint, nodes=nodes, node=node, name=name, timeout_s=timeout_s))


def _helper(what: str, endpoint: str, *, nodes: int, node: int, name: str, timeout_s: float, content: str = "") -> str:
    command = [sys.executable, "-m", "rsbench.rendezvous", what, endpoint, str(nodes), str(node), name, str(timeout_s)]
    try:
        done = subprocess.run(
            command,
            input=content,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_s + 60,
            env={**os.environ, "PYTHONSAFEPATH": "1"},
        )
    except subprocess.TimeoutExpired as error:
        raise RsbenchError(f"The rendezvous at {endpoint} did not answer for {timeout_s:g} s.") from error
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["it gave no reason"]
        who = "the other nodes" if what == "publish" else "node 0"
        raise RsbenchError(
            f"No rendezvous with {who} at {endpoint} within {timeout_s:g} s ({lines[-1][:200]}): start the same command"
            " on every node, each with its own --node-rank, and an --rdzv-endpoint on node 0 that all can reach."
        )
    return done.stdout


def _serve(address: tuple[str, int], nodes: int, name: str, timeout: timedelta, content: str) -> None:
    from torch._C._distributed_c10d import TCPStore

    store = TCPStore(*address, is_master=True, timeout=timeout, wait_for_workers=False)
    store.set(name, content)
    store.wait([f"{name}/{node}" for node in range(1, nodes)], timeout)


def _ask(address: tuple[str, int], node: int, name: str, timeout: timedelta) -> str:
    from torch._C._distributed_c10d import TCPStore

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
