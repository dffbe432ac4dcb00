"""The door between machines: nothing is believed, or done, for somebody without the token."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import signal
import socket
import subprocess
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from rsbench.launch import board, gate
from rsbench.launch.gate import Gate, ask

TOKEN = b"a secret of this comparison"
Address = tuple[str, int]
ALIVE = {"do": "all_have", "name": "plan", "others": 0}


def with_gate(check: Callable[[Gate, Address], Awaitable[None]]) -> None:
    """Run a check against a gate on loopback."""

    async def run() -> None:
        opened = Gate(TOKEN)
        server = await opened.open("127.0.0.1", 0)
        async with server:
            await check(opened, server.sockets[0].getsockname())

    asyncio.run(asyncio.wait_for(run(), 30))


async def spoken(address: Address, *lines: bytes) -> bytes:
    """All that a gate says to somebody who sends these lines after its challenge."""
    reader, writer = await asyncio.open_connection(*address, limit=gate.LINE_BYTES)
    challenge = await reader.readline()
    for line in lines:
        writer.write(line)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    return challenge + answer


def test_what_one_node_puts_another_gets_and_the_first_knows() -> None:
    async def check(opened: Gate, address: Address) -> None:
        waiting = asyncio.ensure_future(ask(address, TOKEN, {"do": "get", "name": "plan", "node": 1}))
        await opened.board.put("plan", "cells")
        assert await waiting == "cells"
        assert await ask(address, TOKEN, {"do": "all_have", "name": "plan", "others": 1}) == ""

    with_gate(check)


@pytest.mark.parametrize(
    "request_",
    [
        {"do": "get", "name": "plan", "node": 1},
        {"do": "stay", "node": 1, "life": "x"},
        {"do": "store"},
        {"do": "take", "node": 1, "life": "x", "run": "", "after": 0},
        {"do": "failed", "node": 1, "life": "x", "run": "", "order": 1, "reason": "x"},
    ],
)
def test_a_wrong_token_is_refused_and_changes_nothing(request_: dict[str, Any]) -> None:
    async def check(opened: Gate, address: Address) -> None:
        await opened.set_store(1)
        await opened.board.give("an order")
        await opened.board.put("plan", "cells")
        with pytest.raises(PermissionError, match="refused"):
            await ask(address, b"another secret", request_)
        assert opened.board._readers == {} == opened.board._connections == opened.board._takers

    with_gate(check)


@pytest.mark.parametrize("challenge", ["00", "\ud800"])
@pytest.mark.parametrize("proof", [None, "\u00e9", "\ud800", {}, 1, "0" * 64])  # None: our own, sent back
def test_a_gate_without_the_token_is_not_believed(challenge: str, proof: Any) -> None:
    async def check() -> None:
        async def impostor(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(json.dumps({"challenge": challenge}).encode() + b"\n")
            said = json.loads(await reader.readline())
            answer = {"answer": "evil", "proof": said["proof"] if proof is None else proof}
            writer.write(json.dumps(answer).encode() + b"\n")
            writer.close()

        server = await asyncio.start_server(impostor, "127.0.0.1", 0)
        with pytest.raises(PermissionError, match="unproven"):
            await ask(server.sockets[0].getsockname(), TOKEN, {"do": "get", "name": "plan", "node": 1})
        server.close()

    asyncio.run(asyncio.wait_for(check(), 30))


def test_little_is_kept_of_a_line_before_the_token_is_proven() -> None:
    async def check(_: Gate, address: Address) -> None:
        reader, writer = await asyncio.open_connection(*address)
        await reader.readline()
        sent = 0
        with pytest.raises(OSError):
            while sent < 1 << 26:
                writer.write(b"x" * (1 << 16))
                await writer.drain()
                sent += 1 << 16
        assert sent < 1 << 25, "all but what the system's sockets hold"

    with_gate(check)


def test_a_node_that_leaves_is_named_to_whoever_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "AWAY_S", 0.05)

    async def check(opened: Gate, address: Address) -> None:
        node = asyncio.ensure_future(gate._stay(address, TOKEN, 3, "a life"))
        while not opened.board._connections.get("a life"):
            await asyncio.sleep(0.01)
        waiting = asyncio.ensure_future(ask(address, TOKEN, {"do": "all_have", "name": "plan", "others": 1}))
        node.cancel()
        assert await waiting == "3 (127.0.0.1)"
        assert await ask(address, TOKEN, ALIVE) == "", "what nobody has to read"

    with_gate(check)


def test_a_request_that_was_overheard_cannot_be_sent_again() -> None:
    async def check(opened: Gate, address: Address) -> None:
        await opened.board.put("plan", "cells")
        request = json.dumps({"do": "get", "name": "plan", "node": 1})
        overheard = {"challenge": "11", "request": request, "proof": gate.proof(TOKEN, "client", ("00", "11"), request)}
        assert b'"refused": true' in await spoken(address, json.dumps(overheard).encode() + b"\n")
        assert opened.board._readers == {}

    with_gate(check)


class Planted:
    """Makes a file where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


def test_pickles_and_other_rubbish_are_not_executed_and_the_gate_goes_on(tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    rubbish = [
        pickle.dumps(Planted(mark)) + b"\n", b"\n", b"{}\n", b"[]\n", b"null\n", b'"\\ud800"\n', b"[" * 5000 + b"\n",
        b'{"challenge": {}, "request": [], "proof": 1}\n', b"\xff\xfe\n", b"GET / HTTP/1.1\r\n\r\n", b"",
        b'{"challenge": "\\u0000\\ud800", "request": "{}", "proof": "\\u00e9"}\n',
    ]  # fmt: skip

    async def check(_: Gate, address: Address) -> None:
        for line in rubbish:
            assert b"answer" not in await spoken(address, line)
        assert await ask(address, TOKEN, ALIVE) == ""

    with_gate(check)
    assert not mark.exists()


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"do": "get", "name": "x"},
        {"do": "get", "name": "x", "node": "y"},
        {"do": "exec"},
        {"do": ["put"]},
        [],
        {"do": "take", "node": 1, "life": "x", "after": 0},
        {"do": "take", "run": "", "node": 1, "after": "y"},
        {"do": "failed", "run": ""},
        {"do": "stay", "node": 1},
        {"do": "newer"},
        {"do": "all_took", "others": 0},
    ],
)
def test_odd_requests_with_the_token_are_closed_without_harm(request_: Any) -> None:
    async def check(_: Gate, address: Address) -> None:
        async def odd() -> bytes:
            reader, writer = await asyncio.open_connection(*address)
            challenge = json.loads(await reader.readline())["challenge"]
            text = json.dumps(request_)
            proof = gate.proof(TOKEN, "client", (challenge, "11"), text)
            writer.write(json.dumps({"challenge": "11", "request": text, "proof": proof}).encode() + b"\n")
            return await reader.read()

        assert b"answer" not in await odd()
        assert await ask(address, TOKEN, ALIVE) == ""

    with_gate(check)


def test_silent_strangers_do_not_keep_a_node_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "HANDSHAKE_S", 1.0)

    async def check(opened: Gate, address: Address) -> None:
        silent = [await asyncio.open_connection(*address) for _ in range(gate.STRANGERS + 20)]

        async def until_let_in() -> str:
            while True:
                try:
                    return await ask(address, TOKEN, ALIVE)
                except (OSError, asyncio.IncompleteReadError):
                    await asyncio.sleep(0.2)

        assert await until_let_in() == ""
        assert opened._unproven <= gate.STRANGERS
        for _, writer in silent:
            writer.close()

    with_gate(check)


def test_a_rank_reaches_the_store_on_the_other_machine_through_both_gates() -> None:
    def echo() -> tuple[Coroutine[Any, Any, asyncio.Server], list[bytes]]:
        heard: list[bytes] = []

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.append(await reader.readline())
            writer.write(b"store says hello\n")
            await writer.drain()
            writer.close()

        return asyncio.start_server(answer, "127.0.0.1", 0), heard

    async def check(opened: Gate, address: Address) -> None:
        starting, heard = echo()
        store = await starting
        await opened.set_store(store.sockets[0].getsockname()[1])
        there = await asyncio.start_server(lambda r, w: gate._to_store(address, TOKEN, r, w), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*there.sockets[0].getsockname())
        writer.write(b"rank 1 says hello\n")
        assert await reader.read() == b"store says hello\n" and heard == [b"rank 1 says hello\n"]
        writer.close()
        there.close()
        store.close()

    with_gate(check)


def test_an_endpoint_of_another_machine_cannot_be_listened_at() -> None:
    from rsbench.errors import RsbenchError
    from rsbench.launch.rendezvous import Rendezvous
    from rsbench.planning.devices import Nodes

    nodes = Nodes(count=2, rank=0, endpoint="192.0.2.1:29500")
    with pytest.raises(RsbenchError, match=r"Node 0 cannot listen at --rdzv-endpoint 192.0.2.1:29500"):
        Rendezvous(nodes, "").__enter__()


def test_a_port_in_use_is_named() -> None:
    from rsbench.errors import RsbenchError
    from rsbench.launch.rendezvous import Rendezvous
    from rsbench.planning.devices import Nodes

    with socket.create_server(("127.0.0.1", 0)) as taken:
        nodes = Nodes(count=2, rank=0, endpoint=f"127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(RsbenchError, match=r"cannot listen at .*in use"):
            Rendezvous(nodes, "").__enter__()


def test_a_scheduler_that_signals_all_processes_leaves_the_gate_to_the_ranks() -> None:
    """Slurm does so before a time limit, and ranks have a step to end and a checkpoint to save."""
    from rsbench.launch.rendezvous import Rendezvous
    from rsbench.planning.devices import Nodes

    with socket.create_server(("127.0.0.1", 0)) as free:
        endpoint = f"127.0.0.1:{free.getsockname()[1]}"
    with Rendezvous(Nodes(count=2, rank=0, endpoint=endpoint), TOKEN.decode()) as meeting:
        assert meeting._gate is not None
        os.kill(meeting._gate._process.pid, signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            meeting._gate._process.wait(0.5)
        assert asyncio.run(ask(meeting.nodes.address, TOKEN, ALIVE)) == ""
