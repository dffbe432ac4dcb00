"""What node 0 of a comparison publishes, and what is known of its other nodes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any, Final

AWAY_S: Final = 5.0
"""A node whose connection is lost may come back for so long."""


class Board:
    """Texts that node 0 publishes, who has read them, and which nodes have gone."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._readers: dict[str, set[int]] = {}
        self._connections: dict[int, int] = {}
        self._gone: set[int] = set()
        self._changed = asyncio.Condition()

    async def put(self, name: str, text: str) -> None:
        """Publish a text."""
        async with self._changed:
            self._texts[name] = text
            self._changed.notify_all()

    async def get(self, name: str, node: int) -> str:
        """Return a text once it is there, and note that a node has it."""
        async with self._changed:
            await self._changed.wait_for(lambda: name in self._texts)
            self._readers.setdefault(name, set()).add(node)
            self._changed.notify_all()
            return self._texts[name]

    async def all_have(self, name: str, others: int) -> str:
        """Return once so many nodes have read a text, or the number of a node that has gone without."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._gone or len(self._readers.get(name, ())) >= others)
            missing = len(self._readers.get(name, ())) < others
            return str(min(self._gone)) if missing else ""

    async def present(self, node: int, left: Awaitable[Any]) -> None:
        """Count a node as present until it has left; it has gone when it does not come back soon."""
        self._gone.discard(node)
        self._connections[node] = self._connections.get(node, 0) + 1
        with suppress(OSError):
            await left
        self._connections[node] -= 1
        await asyncio.sleep(AWAY_S)
        if not self._connections[node]:
            async with self._changed:
                self._gone.add(node)
                print(node, flush=True)
                self._changed.notify_all()
