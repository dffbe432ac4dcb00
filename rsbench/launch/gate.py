"""The one door of a comparison on several machines: a process that lets in only who knows the comparison's token.

``python -m rsbench.launch.gate`` runs on every node while the comparison does. On node 0 it listens at the rendezvous
endpoint's address. Each connection is one request: the server sends a challenge, the client a request with its proof,
the server an answer with its own, all as lines of JSON. A proof is an HMAC-SHA256 under the token over both challenges
and what is said, so that neither side believes, or does, anything for a stranger; the token itself never travels.

A request gets a text of the board, waits until all nodes have one, asks to be joined with the store where torch's
ranks meet, which listens on node 0's loopback only, or stays connected for as long as its node lives. What stands on
the board comes from node 0's own process, by a pipe. On other nodes the gate listens on loopback, where the ranks find
that store. A gate says on standard output at which port it listens, then the number of each node that has ended.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import os
import secrets
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from rsbench.launch.board import AWAY_S, Board

HANDSHAKE_S: Final = 10.0
LINE_BYTES: Final = 1 << 26
"""The longest line of node 0: a plan of many cells."""
REQUEST_BYTES: Final = 1 << 14
"""The longest line that is read of somebody who has not proved the token yet."""
_RETRY_S: Final = 1.0
STRANGERS: Final = 256
"""So many connections may be unproven at a time; more are closed at once."""
_CHUNK: Final = 1 << 16
_BAD: Final = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, TimeoutError)


def proof(token: bytes, who: str, challenges: tuple[str, str], text: str) -> str:
    """Return what only somebody with the token can compute.

    Args:
        token: of the comparison.
        who: ``client`` or ``server``, so that no side can send the other's proof back.
        challenges: the server's, then the client's.
        text: what is said.
    """
    said = "\0".join([who, *challenges, text]).encode("utf-8", "surrogatepass")
    return hmac.new(token, said, "sha256").hexdigest()


def proves(given: object, expected: str) -> bool:
    """Tell whether what somebody sent is the proof that is expected; takes as long for any."""
    return hmac.compare_digest(str(given).encode("utf-8", "replace"), expected.encode())


class Gate:
    """The server on node 0.

    Args:
        token: of the comparison; empty lets in everybody.
    """

    def __init__(self, token: bytes) -> None:
        self._token, self.board, self._unproven = token, Board(), 0
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
            if self._unproven >= STRANGERS:
                return
            self._unproven += 1
            try:
                challenges, request = await asyncio.wait_for(self._admit(reader, writer), HANDSHAKE_S)
            finally:
                self._unproven -= 1
            if request is None:
                _send(writer, {"refused": True})
                await writer.drain()
                return
            answer = await self._do(request, reader)
            if answer is None:
                return
            _send(writer, {"answer": answer, "proof": proof(self._token, "server", challenges, answer)})
            await writer.drain()
            match request["do"]:
                case "store":
                    await _splice(reader, writer, "127.0.0.1", int(answer))
                case "stay":
                    await self.board.present(int(request["node"]), reader.read(1))
        except (*_BAD, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # a stranger, or somebody who went away
        finally:
            writer.close()

    async def _admit(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> tuple[tuple[str, str], dict[str, Any] | None]:
        """Return both challenges and the request; None for one that is not proven."""
        mine = secrets.token_hex(32)
        _send(writer, {"challenge": mine})
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
        name = str(request.get("name", ""))
        match request["do"]:
            case "get":
                text: str | None = await _unless_gone(self.board.get(name, int(request["node"])), reader)
                return text
            case "all_have":
                gone: str | None = await _unless_gone(self.board.all_have(name, int(request["others"])), reader)
                return gone
            case "stay":
                return str(int(request["node"]))
            case "store":
                return await self._store_port()
        raise ValueError("unknown request")

    async def _store_port(self) -> str:
        async with self._store_known:
            await self._store_known.wait_for(lambda: self._store is not None)
            return str(self._store)


async def _unless_gone(work: Any, reader: asyncio.StreamReader) -> Any:
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


async def request_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, token: bytes, request: Mapping[str, Any]
) -> str:
    """Send a request over an open connection to a gate and return its answer.

    Raises:
        PermissionError: the token is not the gate's, or what answers does not know it.
        OSError, asyncio.IncompleteReadError: the connection was lost.
    """
    theirs = _object(await reader.readuntil(b"\n"))
    challenges, text = (str(theirs.get("challenge", "")), secrets.token_hex(32)), json.dumps(dict(request))
    said = {"challenge": challenges[1], "request": text, "proof": proof(token, "client", challenges, text)}
    _send(writer, said)
    await writer.drain()
    answer = _object(await reader.readuntil(b"\n"))
    if answer.get("refused"):
        raise PermissionError("refused")
    given = str(answer.get("answer", ""))
    if not proves(answer.get("proof"), proof(token, "server", challenges, given)):
        raise PermissionError("unproven")
    return given


async def ask(endpoint: tuple[str, int], token: bytes, request: Mapping[str, Any]) -> str:
    """Connect to the gate on node 0, send a request and return its answer; see :func:`request_on`."""
    reader, writer = await asyncio.open_connection(*endpoint, limit=LINE_BYTES)
    try:
        return await request_on(reader, writer, token, request)
    finally:
        writer.close()


async def _to_store(
    endpoint: tuple[str, int], token: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Join a rank of this machine with the store on node 0."""
    try:
        there, to_there = await asyncio.open_connection(*endpoint, limit=LINE_BYTES)
        await request_on(there, to_there, token, {"do": "store"})
        await asyncio.gather(_copy(reader, to_there), _copy(there, writer))
    except (OSError, asyncio.IncompleteReadError):
        pass  # the rank sees that its connection is closed
    finally:
        writer.close()


async def _stay(endpoint: tuple[str, int], token: bytes, node: int) -> None:
    """Stay connected with node 0's gate, so that each notices when the other's node ends."""
    seen: float | None = None
    while True:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            reader, writer = await asyncio.open_connection(*endpoint, limit=REQUEST_BYTES)
            try:
                await request_on(reader, writer, token, {"do": "stay", "node": node})
                await reader.read(1)
                seen = time.monotonic()
            finally:
                writer.close()
        await asyncio.sleep(_RETRY_S)
        if seen is not None and time.monotonic() - seen > AWAY_S:
            print(0, flush=True)
            return


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


def _send(writer: asyncio.StreamWriter, content: Mapping[str, Any]) -> None:
    writer.write(json.dumps(content).encode() + b"\n")


def _object(line: bytes) -> dict[str, Any]:
    """Return a line's JSON object; an empty one for anything else."""
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


async def _run() -> None:
    """Serve until standard input ends; the first line says how, others what to publish or where the store listens."""
    orders = asyncio.StreamReader(limit=LINE_BYTES)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    setup = json.loads(await orders.readline())
    token, endpoint = setup["token"].encode(), (setup["host"], setup["port"])
    gate = Gate(token)
    if setup["node"] == 0:
        server = await gate.open(*endpoint)
        staying = None
    else:
        server = await asyncio.start_server(lambda r, w: _to_store(endpoint, token, r, w), "127.0.0.1", 0)
        staying = asyncio.ensure_future(_stay(endpoint, token, setup["node"]))
    print(server.sockets[0].getsockname()[1], flush=True)
    while line := await orders.readline():
        match json.loads(line):
            case {"put": name, "text": text}:
                await gate.board.put(name, text)
            case {"store": port}:
                await gate.set_store(port)
    if staying is not None:
        staying.cancel()


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
