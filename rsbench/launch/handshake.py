"""A connection with the gate on node 0: both sides prove that they know the token, one asks, the other answers."""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

LINE_BYTES: Final = 1 << 26
"""The longest line of node 0: a plan of many cells."""
KEEP_ALIVE_S: Final = 30
"""A connection whose other end is silent for so long, a machine without power for example, is closed."""
_PROBES: Final = 5


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


async def request_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, token: bytes, request: Mapping[str, Any]
) -> str:
    """Send a request over an open connection to a gate and return its answer.

    Raises:
        PermissionError: the token is not the gate's, or what answers does not know it.
        OSError, asyncio.IncompleteReadError: the connection was lost.
    """
    theirs = object_in(await reader.readuntil(b"\n"))
    challenges, text = (str(theirs.get("challenge", "")), secrets.token_hex(32)), json.dumps(dict(request))
    said = {"challenge": challenges[1], "request": text, "proof": proof(token, "client", challenges, text)}
    send(writer, said)
    await writer.drain()
    answer = object_in(await reader.readuntil(b"\n"))
    if answer.get("refused"):
        raise PermissionError("refused")
    given = str(answer.get("answer", ""))
    if not proves(answer.get("proof"), proof(token, "server", challenges, given)):
        raise PermissionError("unproven")
    return given


async def ask(endpoint: tuple[str, int], token: bytes, request: Mapping[str, Any]) -> str:
    """Connect to the gate on node 0, send a request and return its answer; see :func:`request_on`."""
    reader, writer = await connect(endpoint)
    try:
        return await request_on(reader, writer, token, request)
    finally:
        writer.close()


async def connect(
    endpoint: tuple[str, int], limit_bytes: int = LINE_BYTES
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Return an open connection that notices when the other machine is gone.

    Raises:
        OSError: nothing listens there.
    """
    reader, writer = await asyncio.open_connection(*endpoint, limit=limit_bytes)
    keep_alive(writer)
    return reader, writer


def keep_alive(writer: asyncio.StreamWriter) -> None:
    """Let the system look every few seconds whether the other machine is still there."""
    connection = writer.get_extra_info("socket")
    options = {
        "TCP_KEEPIDLE": KEEP_ALIVE_S // (_PROBES + 1),
        "TCP_KEEPINTVL": KEEP_ALIVE_S // (_PROBES + 1),
        "TCP_KEEPCNT": _PROBES,
        "TCP_USER_TIMEOUT": 1000 * KEEP_ALIVE_S,
    }
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in options.items():
            if hasattr(socket, name):  # not every system has them all
                connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def send(writer: asyncio.StreamWriter, content: Mapping[str, Any]) -> None:
    """Write a line of JSON."""
    writer.write(json.dumps(content).encode() + b"\n")


def object_in(line: bytes) -> dict[str, Any]:
    """Return a line's JSON object; an empty one for anything else."""
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
