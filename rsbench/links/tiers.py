"""Collectives of machines with several workers: links inside a node are others than those between nodes. A model."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

from rsbench.links.collective_time import GLOO, Constants, collective_s
from rsbench.links.link import Link


@dataclass(frozen=True, kw_only=True)
class Nodes:
    """Nodes of equally many workers, as hierarchical collectives see them (NCCL and MPI do; our reading).

    Attributes:
        per_node: workers of a node; 1 has no links inside.
        inside: link of a worker to the others of its node.
    """

    per_node: int
    inside: Link

    def collective_s(
        self, op: str, payload_bytes: float, workers: int, between: Link, constants: Constants = GLOO
    ) -> float:
        """Return the seconds of a collective of so many workers.

        A sum is reduced inside each node, summed between the nodes, where the workers of a node share its link, and
        spread inside again; a gather collects a node's messages, exchanges them between the nodes, and hands on what
        came from the others.

        Args:
            op: a name of :data:`rsbench.links.wire.WIRE_FORMULAS`.
            payload_bytes: of one worker.
            workers: in all; a last node may have fewer.
            between: link of a node to the others.
            constants: of the backend.
        """
        took = functools.partial(collective_s, constants=constants)
        here, nodes = min(workers, self.per_node), math.ceil(workers / self.per_node)
        if here == 1:
            return took(op, payload_bytes, workers, between)
        inside_s = took(op, payload_bytes, here, self.inside)
        if nodes == 1:
            return inside_s
        if op != "all_gather":
            return inside_s + took(op, payload_bytes, nodes, between)
        foreign_bytes = (nodes - 1) * here * payload_bytes
        handed_on_s = took("broadcast", foreign_bytes, here, self.inside)
        return inside_s + took(op, here * payload_bytes, nodes, between) + handed_on_s
