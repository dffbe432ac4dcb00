"""What a run is going to hand to one kind of collective."""

from __future__ import annotations

from typing import NamedTuple

from rsbench.links.wire import wire_bytes


class PlannedCollective(NamedTuple):
    """All calls of one collective in a run.

    Attributes:
        op: its name, as :data:`rsbench.links.wire.WIRE_FORMULAS` knows it.
        payload_bytes: of one rank, all calls together.
        calls: how many.
    """

    op: str
    payload_bytes: int
    calls: int

    def wire_bytes(self, workers: int) -> float:
        """Return the modelled bytes that one of so many workers sends, by :func:`rsbench.links.wire.wire_bytes`."""
        return wire_bytes(self.op, self.payload_bytes, workers, calls=self.calls)
