"""How the nodes of a comparison meet: node 0 tells the others something short, and they wait for each other.

As :meth:`Rendezvous.publish` ends only when every node has fetched, it is also a barrier: a cell starts on no node
before node 0 has ended the one before.
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

from rsbench.errors import RsbenchError
from rsbench.launch import processes
from rsbench.launch.gate import ask
from rsbench.parent_death import end_with_parent
from rsbench.planning.devices import TOKEN_VARIABLE, Nodes

LOST_S: Final = 20.0
"""Node 0, once met, is given up when it has not answered for so long."""
PATIENCE_S: Final = 5.0
"""After so long a node says that it waits for node 0, and why."""
_RETRY_S: Final = 0.3
_NO_GATE: Final = "The gate process of this comparison has ended; start the command again."


class Rendezvous:
    """Where the nodes of a comparison meet; a context manager, inside of which the gate is open.

    Args:
        nodes: the machines, and which of them this is; two or more.
        token: what every node of the comparison knows; empty for none.
        cancelled: tells whether the user wants to end.
        say: prints a sentence.

    Attributes:
        waiting: called a few times a second while others are waited for.
    """

    def __init__(
        self,
        nodes: Nodes,
        token: str,
        cancelled: Callable[[], bool] = lambda: False,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.nodes, self._token, self.cancelled, self._say = nodes, token, cancelled, say
        self.waiting: Callable[[], None] = lambda: None
        self._gate: subprocess.Popen[str] | None = None
        self._gate_port = 0
        self._listener: socket.socket | None = None
        self._store_port = 0
        self._met = False
        self._ended_node: int | None = None

    def __enter__(self) -> Self:
        host, port = self.nodes.address
        setup = {"node": self.nodes.rank, "host": host, "port": port, "token": self._token}
        environment = {name: value for name, value in os.environ.items() if name != TOKEN_VARIABLE}
        self._gate = subprocess.Popen(
            [sys.executable, "-m", "rsbench.launch.gate"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**environment, "PYTHONSAFEPATH": "1"},
            start_new_session=True,
            preexec_fn=end_with_parent(os.getpid()),  # noqa: PLW1509 - rsbench has one thread, see LiveProgress
        )
        self._tell_gate(setup)
        assert self._gate.stdout is not None and self._gate.stderr is not None
        answer = self._gate.stdout.readline()
        if not answer:
            reason = (self._gate.stderr.read().strip().splitlines() or ["no reason given"])[-1]
            self._close()
            raise RsbenchError(
                f"Node 0 cannot listen at --rdzv-endpoint {self.nodes.endpoint} ({reason}): give an address of this"
                " machine and a port that is free."
            )
        self._gate_port = int(answer)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def publish(self, content: Any, name: str, timeout_s: float) -> None:
        """Hand ``content`` (JSON) to all other nodes; returns when all have it, or when cancelled.

        Raises:
            RsbenchError: a node did not come in time, or has ended.
        """
        self._tell_gate({"put": name, "text": json.dumps(content)})
        request = {"do": "all_have", "name": name, "others": self.nodes.count - 1}
        gone = self._ask(request, time.monotonic() + timeout_s)
        if gone:
            raise RsbenchError(
                f"Node {gone} has ended, so this comparison cannot go on: see what it printed, then give the same"
                " command on every node again. Cells that are done stay done."
            )

    def fetch(self, name: str, timeout_s: float) -> Any:
        """Return what node 0 publishes under ``name``; None when cancelled.

        Raises:
            RsbenchError: node 0 did not publish in time, or has another token.
        """
        answer = self._ask({"do": "get", "name": name, "node": self.nodes.rank}, time.monotonic() + timeout_s)
        return None if answer is None else json.loads(answer)

    def open_store(self) -> int | None:
        """Return a new socket on node 0's loopback for the store of the next cell, as file descriptor; None elsewhere.

        It is bound here, as torch's store by itself would listen on all interfaces.
        """
        if self.nodes.rank != 0:
            return None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._store_port = self._listener.getsockname()[1]
        self._tell_gate({"store": self._store_port})
        return self._listener.fileno()

    @property
    def store_address(self) -> str:
        """Where the ranks of this machine find the store of the cell."""
        return f"127.0.0.1:{self._store_port or self._gate_port}"

    def hand_over_store(self) -> None:
        """Close this process's copy of the socket, once rank 0 has its own: when that rank ends, the store does."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def close_store(self) -> None:
        """Forget the store of a cell that has ended."""
        self.hand_over_store()
        if self._store_port:
            self._store_port = 0
            self._tell_gate({"store": None})

    def interface(self) -> str | None:
        """Return the network interface by which this node reaches the endpoint, None where it cannot be told."""
        host, port = self.nodes.address
        try:
            family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect(address)  # sends nothing, but chooses the way
                return processes.interface_of(probe.getsockname()[0])
        except OSError:
            return None

    def ended_node(self) -> int | None:
        """Return a node that has ended, None while all live; does not wait."""
        assert self._gate is not None and self._gate.stdout is not None
        if self._ended_node is None and select.select([self._gate.stdout], [], [], 0)[0]:
            self._ended_node = int(self._gate.stdout.readline() or self.nodes.rank)
        return self._ended_node

    def _ask(self, request: dict[str, Any], deadline: float) -> str | None:
        """Return the gate's answer, trying until it is there; None when cancelled."""
        return asyncio.run(self._ask_until(request, deadline))

    async def _ask_until(self, request: dict[str, Any], deadline: float) -> str | None:
        reason, patience = "no answer", time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and not self.cancelled():
            if self._gate is not None and self._gate.poll() is not None:
                raise RsbenchError(_NO_GATE)
            attempt = asyncio.ensure_future(ask(self.nodes.address, self._token.encode(), request))
            while not attempt.done() and time.monotonic() < deadline and not self.cancelled():
                await asyncio.wait([attempt], timeout=0.1)
                self.waiting()
            if not attempt.done():
                attempt.cancel()
                break
            try:
                answer = attempt.result()
            except PermissionError as error:
                raise self._refused(str(error)) from None
            except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
                reason = str(error) or type(error).__name__
                if self._met and not await self._still_there():
                    break
                if time.monotonic() > patience and not self._met:
                    patience = deadline
                    self._say(f"Waiting for node 0 at {self.nodes.endpoint} ({reason[:200]}).")
                await asyncio.sleep(_RETRY_S)
            else:
                self._met = True
                return answer
        if self.cancelled():
            return None
        if self._met and self.nodes.rank != 0 and time.monotonic() < deadline:
            raise RsbenchError(
                f"Node 0 at {self.nodes.endpoint} has ended, or cannot be reached any more ({reason[:200]}), so this"
                " comparison cannot go on: see what it printed, then give the same command on every node again."
            )
        who = "the other nodes" if self.nodes.rank == 0 else "node 0"
        raise RsbenchError(
            f"No rendezvous with {who} at {self.nodes.endpoint} in time ({reason[:200]}): start the same command on"
            " every node, each with its own --node-rank, and an --rdzv-endpoint on node 0 that all can reach."
        )

    async def _still_there(self) -> bool:
        """Return whether node 0's gate answers within some time."""
        until = time.monotonic() + LOST_S
        while time.monotonic() < until and not self.cancelled():
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                nothing = {"do": "all_have", "name": "", "others": 0}
                await asyncio.wait_for(ask(self.nodes.address, self._token.encode(), nothing), LOST_S)
                return True
            await asyncio.sleep(_RETRY_S)
        return False

    def _refused(self, why: str) -> RsbenchError:
        said = "refused this node" if why == "refused" else "does not know the token of this node"
        return RsbenchError(
            f"What answers at {self.nodes.endpoint} {said}: give every node of the comparison the same {TOKEN_VARIABLE}"
            " (or all of them --no-token)."
        )

    def _tell_gate(self, order: Any) -> None:
        assert self._gate is not None and self._gate.stdin is not None
        try:
            self._gate.stdin.write(json.dumps(order) + "\n")
            self._gate.stdin.flush()
        except BrokenPipeError as error:
            raise RsbenchError(_NO_GATE) from error

    def _close(self) -> None:
        self.hand_over_store()
        if self._gate is not None:
            self._gate.kill()
            self._gate.wait()
            for pipe in (self._gate.stdin, self._gate.stdout, self._gate.stderr):
                assert pipe is not None
                pipe.close()
            self._gate = None
