"""What a run is going to hand to one kind of collective."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rsbench.links.wire import wire_bytes


class PlannedCollective(NamedTuple):
    """All calls of one collective in a run.

    Attributes:
        op: its name, as :data:`rsbench.links.wire.WIRE_FORMULAS` knows it.
        payload_bytes: of one rank, all calls together.
        calls: how many.
        ranks: that take part; 0 for all.
        counted_bytes: what counts as payload, where it is not what is handed over.
    """

    op: str
    payload_bytes: int
    calls: int
    ranks: int = 0
    counted_bytes: int | None = None

    @property
    def counted(self) -> int:
        """The bytes that count as payload."""
        return self.payload_bytes if self.counted_bytes is None else self.counted_bytes

    def times(self, steps: int) -> PlannedCollective:
        """Return all calls of so many steps like this one."""
        counted = None if self.counted_bytes is None else steps * self.counted_bytes
        return self._replace(payload_bytes=steps * self.payload_bytes, calls=steps * self.calls, counted_bytes=counted)

    def wire_bytes(self, workers: int) -> float:
        """Return the modelled bytes that one of so many workers sends, by :func:`rsbench.links.wire.wire_bytes`."""
        return wire_bytes(self.op, self.payload_bytes, self.ranks or workers, calls=self.calls)


def added_up(planned: Iterable[PlannedCollective]) -> list[PlannedCollective]:
    """Return one for all of the same collective among as many ranks, in the order in which they come first."""
    sums: dict[tuple[str, int, bool], PlannedCollective] = {}
    for each in planned:
        kind = each.op, each.ranks, each.counted_bytes is None
        before = sums.get(kind, each._replace(payload_bytes=0, calls=0, counted_bytes=None if kind[-1] else 0))
        sums[kind] = before._replace(
            payload_bytes=before.payload_bytes + each.payload_bytes,
            calls=before.calls + each.calls,
            counted_bytes=None if kind[-1] else before.counted + each.counted,
        )
    return list(sums.values())
