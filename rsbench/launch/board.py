"""What node 0 of a comparison publishes, and what is known of its other nodes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any, Final

AWAY_S: Final = 5.0
"""A node whose connection is lost may come back for so long."""
REASON_CHARACTERS: Final = 500
"""So much is kept of why a node's workers failed."""


class Board:
    """Texts that node 0 publishes, the order that stands, who has read them, and which nodes have gone.

    An order is what all nodes do now; the next one takes its place. A node takes each order once: one that was killed
    and started again does not do what its earlier life began, but waits for the next order. A life is a random word of
    the process that is the node.

    Attributes:
        number: of the order that stands; 0 before the first.
    """

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._readers: dict[str, set[int]] = {}
        self._lives: dict[int, str] = {}
        self._connections: dict[str, int] = {}
        self._addresses: dict[int, str] = {}
        self._gone: set[int] = set()
        self.number, self._order = 0, ""
        self._takers: dict[int, str] = {}
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
        """Return once so many nodes have read a text, or the name of a node that has gone without."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._gone or len(self._readers.get(name, ())) >= others)
            missing = len(self._readers.get(name, ())) < others
            return self._name(min(self._gone)) if missing else ""

    async def give(self, order: str) -> None:
        """Put an order in the place of the one that stands."""
        async with self._changed:
            self.number, self._order, self._takers = self.number + 1, order, {}
            self._changed.notify_all()

    async def take(self, node: int, life: str, after: int) -> str:
        """Return the order that stands, with its number, once it is later than the one a node has done."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.number > after and self._takers.get(node, life) == life)
            self._takers[node] = life
            self._changed.notify_all()
            return json.dumps({"number": self.number, "order": self._order})

    async def newer(self, than: int) -> str:
        """Return the number of the order that stands, once it is later than another."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.number > than)
            return str(self.number)

    async def all_took(self, others: int, *, patient: bool) -> str:
        """Return once so many nodes have the order that stands; the name of a node that has gone without it.

        Args:
            others: nodes beside node 0.
            patient: wait for those that have gone, too: they may come back.
        """
        async with self._changed:
            await self._changed.wait_for(
                lambda: len(self._takers) >= others or (not patient and self._gone - set(self._takers))
            )
            return "" if len(self._takers) >= others else self._name(min(self._gone - set(self._takers)))

    def _name(self, node: int) -> str:
        """Return what a user finds a node by: ``1 (10.0.0.2)``."""
        address = self._addresses.get(node, "")
        return f"{node} ({address})" if address else str(node)

    async def present(self, node: int, life: str, left: Awaitable[Any], address: str = "") -> None:
        """Count a node as present until it has left; it has gone when it does not come back soon.

        Args:
            node: its number.
            life: which process of it.
            left: ends when its connection does.
            address: from which it is connected.
        """
        before = self._lives.get(node, life)
        self._lives[node], self._addresses[node] = life, address
        self._gone.discard(node)
        if before != life:  # it was started again before anybody missed it
            self.trouble(node, before, self.number)
        self._connections[life] = self._connections.get(life, 0) + 1
        with suppress(OSError):
            await left
        self._connections[life] -= 1
        await asyncio.sleep(AWAY_S)
        if not self._connections[life] and self._lives[node] == life:
            async with self._changed:
                self._gone.add(node)
                self.trouble(node, life, self.number)
                self._changed.notify_all()

    def trouble(self, node: int, life: str, number: int, reason: str = "") -> None:
        """Tell node 0 that a node cannot do an order, if it has taken it and the order still stands.

        Args:
            node: its number.
            life: which process of it.
            number: of the order.
            reason: why its workers failed; empty where it has ended.
        """
        if number == self.number and self._takers.get(node) == life:
            event = {"node": node, "order": number, "reason": reason[:REASON_CHARACTERS]}
            print(json.dumps(event), flush=True)
