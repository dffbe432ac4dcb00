"""The one door of a comparison on several machines: a process that lets in only who knows the comparison's token.

``python -m rsbench.launch.gate`` runs on every node while the comparison does. On node 0 it listens at the rendezvous
endpoint's address. Each connection is one request: the server sends a challenge, the client a request with its proof,
the server an answer with its own, all as lines of JSON. A proof is an HMAC-SHA256 under the token over both challenges
and what is said, so that neither side believes, or does, anything for a stranger; the token itself never travels.

A request gets a text of the board, takes the order that stands there or waits for a newer one, waits until all nodes
have one, says that its node's workers failed, asks to be joined with the store where torch's ranks meet, which listens
on node 0's loopback only, or stays connected for as long as its node lives. What stands on the board comes from node
0's own process, by a pipe. On other nodes the gate listens on loopback, where the ranks find that store. A gate says on
standard output at which port it listens, then, in lines of JSON, which node cannot do the order that stands (0 on
the others: node 0 has ended) and, on the others, the number of each new order.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import sys
import time
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from typing import Any, Final

from rsbench.launch.board import AWAY_S, Board
from rsbench.launch.handshake import LINE_BYTES, ask, connect, keep_alive, proof, proves, request_on, send

HANDSHAKE_S: Final = 10.0
REQUEST_BYTES: Final = 1 << 14
"""The longest line that is read of somebody who has not proved the token yet."""
_RETRY_S: Final = 1.0
STRANGERS: Final = 256
"""So many connections may be unproven at a time; more are closed at once."""
_CHUNK: Final = 1 << 16
_BAD: Final = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, TimeoutError)


class Gate:
    """The server on node 0.

    Args:
        token: of the comparison; empty lets in everybody.
        run: a random word of node 0's process, by which others notice that it was started again.
    """

    def __init__(self, token: bytes, run: str = "") -> None:
        self._token, self._run, self.board, self._unproven = token, run, Board(), 0
        self._store: int | None = None
        self._store_known = asyncio.Condition()

    async def open(self, host: str, port: int) -> asyncio.Server:
        """Listen at an address; of a stranger's line little is kept."""
        return await asyncio.start_server(self.serve, host, port, limit=REQUEST_BYTES)

    async def set_store(self, port: int | None) -> None:
        """Say at which loopback port the ranks of the next cell meet; None when there is no cell."""
        async with self._store_known:
            self._store = port
            self._store_known.notify_all()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection."""
        try:
            keep_alive(writer)
            if self._unproven >= STRANGERS:
                return
            self._unproven += 1
            try:
                challenges, request = await asyncio.wait_for(self._admit(reader, writer), HANDSHAKE_S)
            finally:
                self._unproven -= 1
            if request is None:
                send(writer, {"refused": True})
                await writer.drain()
                return
            staying = (int(request["node"]), str(request["life"])) if request["do"] == "stay" else None
            answer = await self._do(request, reader)
            if answer is None:
                return
            send(writer, {"answer": answer, "proof": proof(self._token, "server", challenges, answer)})
            await writer.drain()
            if request["do"] == "store":
                await _splice(reader, writer, "127.0.0.1", int(answer))
            elif staying is not None:
                await self.board.present(*staying, reader.read(1), str(writer.get_extra_info("peername")[0]))
        except (*_BAD, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # a stranger, or somebody who went away
        finally:
            writer.close()

    async def _admit(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> tuple[tuple[str, str], dict[str, Any] | None]:
        """Return both challenges and the request; None for one that is not proven."""
        mine = secrets.token_hex(32)
        send(writer, {"challenge": mine})
        await writer.drain()
        said = json.loads(await reader.readuntil(b"\n"))
        challenges = (mine, str(said["challenge"]))
        text = str(said["request"])
        if not proves(said["proof"], proof(self._token, "client", challenges, text)):
            return challenges, None
        request = json.loads(text)
        return challenges, request if isinstance(request, dict) else None

    async def _do(self, request: Mapping[str, Any], reader: asyncio.StreamReader) -> str | None:
        """Do what is asked and return the answer; None when the client went away meanwhile."""
        if request["do"] in ("take", "failed") and request["run"] != self._run:
            return ""
        return await _unless_gone(self._wanted(request), reader)

    def _wanted(self, request: Mapping[str, Any]) -> Coroutine[Any, Any, str]:
        """Return what answers a request."""
        board = self.board
        match request["do"]:
            case "get":
                wanted = board.get(str(request["name"]), int(request["node"]))
            case "all_have":
                wanted = board.all_have(str(request["name"]), int(request["others"]))
            case "take":
                wanted = board.take(int(request["node"]), str(request["life"]), int(request["after"]))
            case "all_took":
                wanted = board.all_took(int(request["others"]), patient=request["patient"] is True)
            case "newer":
                wanted = board.newer(int(request["than"]))
            case "failed":
                node, life, number = int(request["node"]), str(request["life"]), int(request["order"])
                wanted = self._note_trouble(node, life, number, str(request["reason"]))
            case "stay":
                wanted = self._greet()
            case "store":
                wanted = self._store_port()
            case _:
                raise ValueError("unknown request")
        return wanted

    async def _note_trouble(self, node: int, life: str, number: int, reason: str) -> str:
        self.board.trouble(node, life, number, reason)
        return self._run

    async def _greet(self) -> str:
        return self._run

    async def _store_port(self) -> str:
        async with self._store_known:
            await self._store_known.wait_for(lambda: self._store is not None)
            return str(self._store)


async def _unless_gone(work: Coroutine[Any, Any, str], reader: asyncio.StreamReader) -> str | None:
    """Return what the work returns; None, and the work is ended, when the client hangs up first."""
    task, gone = asyncio.ensure_future(work), asyncio.ensure_future(reader.read(1))
    await asyncio.wait([task, gone], return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        gone.cancel()
        with suppress(asyncio.CancelledError):
            await gone
        return task.result()
    task.cancel()
    return None


async def _to_store(
    endpoint: tuple[str, int], token: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Join a rank of this machine with the store on node 0."""
    try:
        there, to_there = await connect(endpoint)
        await request_on(there, to_there, token, {"do": "store"})
        await asyncio.gather(_copy(reader, to_there), _copy(there, writer))
    except (OSError, asyncio.IncompleteReadError):
        pass  # the rank sees that its connection is closed
    finally:
        writer.close()


async def _stay(endpoint: tuple[str, int], token: bytes, node: int, life: str) -> None:
    """Stay connected with node 0's gate, so that each notices when the other's node ends, or was started again."""
    seen: float | None = None
    known: str | None = None
    while seen is None or time.monotonic() - seen <= AWAY_S:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            reader, writer = await connect(endpoint, REQUEST_BYTES)
            try:
                run = await request_on(reader, writer, token, {"do": "stay", "node": node, "life": life})
                if known not in (None, run):
                    break
                known = run
                await reader.read(1)
                seen = time.monotonic()
            finally:
                writer.close()
        await asyncio.sleep(_RETRY_S)
    print(json.dumps({"node": 0, "order": None, "reason": ""}), flush=True)


async def _watch(endpoint: tuple[str, int], token: bytes) -> None:
    """Tell this node's process of each new order, as it is busy with the one before."""
    number = 0
    while True:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            number = int(await ask(endpoint, token, {"do": "newer", "than": number}))
            print(json.dumps({"newest": number}), flush=True)
            continue
        await asyncio.sleep(_RETRY_S)


async def _splice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int) -> None:
    there, to_there = await asyncio.open_connection(host, port)
    await asyncio.gather(_copy(reader, to_there), _copy(there, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy until one side ends, then end the other."""
    try:
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass  # gone
    finally:
        writer.close()


async def _run() -> None:
    """Serve until standard input ends; the first line says how, others what to publish or where the store listens."""
    orders = asyncio.StreamReader(limit=LINE_BYTES)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    setup = json.loads(await orders.readline())
    token, endpoint = setup["token"].encode(), (setup["host"], setup["port"])
    gate, life = Gate(token, setup["life"]), setup["life"]
    beside: list[asyncio.Future[None]] = []
    if setup["node"] == 0:
        server = await gate.open(*endpoint)
    else:
        server = await asyncio.start_server(lambda r, w: _to_store(endpoint, token, r, w), "127.0.0.1", 0)
        staying = _stay(endpoint, token, setup["node"], life)
        beside = [asyncio.ensure_future(work) for work in (staying, _watch(endpoint, token))]
    print(server.sockets[0].getsockname()[1], flush=True)
    while line := await orders.readline():
        match json.loads(line):
            case {"put": name, "text": text}:
                await gate.board.put(name, text)
            case {"give": order}:
                await gate.board.give(order)
            case {"store": port}:
                await gate.set_store(port)
    for work in beside:
        work.cancel()


def main() -> None:
    """Run the gate; an address that cannot be listened at is one line on standard error."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # Slurm sends it to all processes; ranks need the gate until they end
    try:
        asyncio.run(_run())
    except OSError as error:
        print(error.strerror or error, file=sys.stderr)
        os._exit(1)
    os._exit(0)  # connections that are still open have nobody to wait for them


if __name__ == "__main__":
    main()
