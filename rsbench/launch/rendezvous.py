"""How the nodes of a comparison meet: node 0 tells the others something short, and they wait for each other.

As :meth:`Rendezvous.give` ends only when every node has taken the order, it is also a barrier: a cell starts on no node
before node 0 has ended the one before. A node that was killed and started again takes the next order.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

from rsbench.errors import NodeLostError, RsbenchError
from rsbench.launch.board import REASON_CHARACTERS
from rsbench.launch.failure import Trouble, how_to_go_on
from rsbench.launch.gate_process import ENDED, GateProcess
from rsbench.launch.handshake import ask
from rsbench.planning.devices import TOKEN_VARIABLE, Nodes

LOST_S: Final = 20.0
"""Node 0, once met, is given up when it has not answered for so long."""
PATIENCE_S: Final = 5.0
"""After so long a node says that it waits for node 0, and why."""
RETURN_S: Final = 600.0
"""A node that is lost may be started again for so long, where restarts are wanted."""
LAST_WORD_S: Final = 10.0
"""Node 0 waits so long for the others to hear that the comparison has ended."""
_RETRY_S: Final = 0.3


class Rendezvous:
    """Where the nodes of a comparison meet; a context manager, inside of which the gate is open.

    Args:
        nodes: the machines, and which of them this is; two or more.
        token: what every node of the comparison knows; empty for none.
        cancelled: tells whether the user wants to end.
        say: prints a sentence.

    Attributes:
        waiting: called a few times a second while others are waited for.
        number: of the order that was given or taken last; 0 before the first.
        recorded: key of the cell whose numbers node 0 has recorded last, which the next order tells; empty before.
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
        self.recorded = ""
        self._gate: GateProcess | None = None
        self._listener: socket.socket | None = None
        self._store_port = 0
        self._met = False
        self._life, self.number, self._newest = secrets.token_hex(8), 0, 0
        self._me = {"node": nodes.rank, "life": self._life, "run": ""}
        self._trouble: Trouble | None = None

    def __enter__(self) -> Self:
        host, port = self.nodes.address
        setup = {"node": self.nodes.rank, "host": host, "port": port, "token": self._token, "life": self._life}
        try:
            self._gate = GateProcess(setup)
        except OSError as problem:
            raise RsbenchError(
                f"Node 0 cannot listen at --rdzv-endpoint {self.nodes.endpoint} ({problem}): give an address of this"
                " machine and a port that is free."
            ) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hand_over_store()
        if self._gate is not None:
            self._gate.close()
            self._gate = None

    def publish(self, content: Any, name: str, timeout_s: float) -> None:
        """Hand ``content`` (JSON) to all other nodes; returns when all have it, or when cancelled.

        Raises:
            RsbenchError: a node did not come in time, or has ended.
        """
        self._door.tell({"put": name, "text": json.dumps({"run": self._life, "content": content})})
        request = {"do": "all_have", "name": name, "others": self.nodes.count - 1}
        gone = self._ask(request, time.monotonic() + timeout_s)
        if gone:
            raise _ended(gone)

    def fetch(self, name: str, timeout_s: float) -> Any:
        """Return what node 0 publishes under ``name``; None when cancelled.

        Raises:
            NodeLostError: node 0 has ended.
            RsbenchError: node 0 did not publish in time, or has another token.
        """
        answer = self._ask({"do": "get", "name": name, "node": self.nodes.rank}, time.monotonic() + timeout_s)
        if answer is None:
            return None
        published = json.loads(answer)
        self._me["run"] = published["run"]
        return published["content"]

    def give(self, order: Mapping[str, Any], timeout_s: float, *, patient: bool) -> None:
        """Hand an order (JSON) to all other nodes; returns when all have taken it, or when cancelled.

        Args:
            order: what all nodes do now.
            timeout_s: the longest that nodes may take to end what they did before.
            patient: give a node that has ended :data:`RETURN_S` to be started again.

        Raises:
            RsbenchError: a node did not come in time, or has ended.
        """
        self._put_up(order)
        gone = self._all_took(timeout_s, patient=False)
        if not gone:
            return
        if not patient:
            raise _ended(gone)
        self._say(f"Node {gone} has ended. {how_to_go_on(RETURN_S)}")
        try:
            self._all_took(RETURN_S, patient=True)
        except RsbenchError:
            raise _ended(gone) from None

    def give_last(self, order: Mapping[str, Any]) -> None:
        """Hand over the last order, even when cancelled; waits little for nodes that do not take it."""
        self.cancelled = lambda: False
        self._put_up(order)
        with suppress(RsbenchError):
            self._all_took(LAST_WORD_S, patient=True)

    def _put_up(self, order: Mapping[str, Any]) -> None:
        self.number, self._trouble = self.number + 1, None
        self._door.tell({"give": json.dumps({**order, **({"recorded": self.recorded} if self.recorded else {})})})

    def _all_took(self, timeout_s: float, *, patient: bool) -> str | None:
        request = {"do": "all_took", "others": self.nodes.count - 1, "patient": patient}
        return self._ask(request, time.monotonic() + timeout_s)

    def take(self, timeout_s: float) -> Any:
        """Return node 0's next order; None when cancelled.

        Raises:
            NodeLostError: node 0 has ended, or was started again.
            RsbenchError: it gave no order in time.
        """
        request = {"do": "take", **self._me, "after": self.number}
        answer = self._ask(request, time.monotonic() + timeout_s)
        if answer is None:
            return None
        if not answer:
            raise NodeLostError(f"Node 0 at {self.nodes.endpoint} was started again: give the same command here, too.")
        taken = json.loads(answer)
        self.number, self._trouble = taken["number"], None
        return json.loads(taken["order"])

    def report_failure(self, reason: str) -> None:
        """Tell node 0 that this node's workers of the order that was taken last have failed."""
        request = {"do": "failed", **self._me, "order": self.number, "reason": reason[:REASON_CHARACTERS]}
        with suppress(RsbenchError):  # node 0 has other ways to notice
            self._ask(request, time.monotonic() + LAST_WORD_S)

    def open_store(self) -> int | None:
        """Return a new socket on node 0's loopback for the store of the next cell, as file descriptor; None elsewhere.

        It is bound here, as torch's store by itself would listen on all interfaces.
        """
        if self.nodes.rank != 0:
            return None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._store_port = self._listener.getsockname()[1]
        self._door.tell({"store": self._store_port})
        return self._listener.fileno()

    @property
    def store_address(self) -> str:
        """Where the ranks of this machine find the store of the cell."""
        return f"127.0.0.1:{self._store_port or self._door.port}"

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
            self._door.tell({"store": None})

    def trouble(self) -> Trouble | None:
        """Return why another node cannot do the order that stands, None while all can; does not wait."""
        self._read_gate()
        return self._trouble

    def superseded(self) -> bool:
        """Return whether node 0 has given a newer order than the one that was taken last; does not wait."""
        self._read_gate()
        return self._newest > self.number

    def _read_gate(self) -> None:
        """Take in what the gate says; a gate that has ended is trouble of this node."""
        for news in self._door.news():
            match news:
                case {"newest": number}:
                    self._newest = number
                case {"node": node, "order": order, "reason": reason} if order in (None, self.number):
                    self._trouble = Trouble(node=node, reason=reason)
        if self._door.has_ended:
            self._trouble = Trouble(node=self.nodes.rank)

    def _ask(self, request: dict[str, Any], deadline: float) -> str | None:
        """Return the gate's answer, trying until it is there; None when cancelled."""
        return asyncio.run(self._ask_until(request, deadline))

    async def _ask_until(self, request: dict[str, Any], deadline: float) -> str | None:
        reason, patience = "no answer", time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and not self.cancelled():
            if self._gate is not None and self._gate.has_ended:
                raise RsbenchError(ENDED)
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
            raise NodeLostError(
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

    @property
    def _door(self) -> GateProcess:
        assert self._gate is not None, "open inside of the context manager only"
        return self._gate


def _ended(node: str) -> RsbenchError:
    return RsbenchError(
        f"Node {node} has ended, so this comparison cannot go on: see what it printed, then give the same"
        " command on every node again. Cells that are done stay done."
    )
