"""Counts of blocks that follow from rank 0's weights, equal on all ranks so that capacities never differ."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import torch
import torch.distributed as dist

from rsbench.compressors.blocks.layout import Layout
from rsbench.compressors.density.allocation import share_out
from rsbench.compressors.density.policies import Policy
from rsbench.measure import collectives
from rsbench.measure.collectives import Traffic


@dataclasses.dataclass(frozen=True)
class Room:
    """What counts must fit, one number a layer.

    Attributes:
        layouts: of the layers.
        uniform: counts without a ranking.
        floors: blocks that each layer gets at least.
        most: blocks that no layer gets more of.
        budget_bytes: of all blocks.
    """

    layouts: Sequence[Layout]
    uniform: list[int]
    floors: Sequence[int]
    most: Sequence[int]
    budget_bytes: int

    def shared(self, elements: Sequence[float]) -> list[int]:
        """Return counts in proportion to a ranking; uniform where it is not finite: the gradients' check stops all."""
        if not all(map(math.isfinite, elements)):
            return self.uniform
        cost = [e * (lay.value_bytes + 2 / lay.block) for e, lay in zip(elements, self.layouts, strict=True)]
        return share_out(
            self.layouts, cost, budget_bytes=self.budget_bytes, floor_counts=self.floors, most_counts=self.most
        )


def ranked_on_cpu(
    policy: Policy,
    weights: Sequence[torch.Tensor],
    density: float,
    room: Room,
    traffic: Traffic,
    group: dist.ProcessGroup,
) -> list[int]:
    """Return counts by rank 0's weights, which rank 0 works out and broadcasts, an int32 a layer."""
    counts = room.uniform
    if dist.get_rank(group) == 0:
        counts = room.shared(policy.importance(weights, room.layouts, density))
    sent = torch.tensor(counts, dtype=torch.int32, device=weights[0].device)
    collectives.broadcast(sent, traffic, group)
    received: list[int] = sent.tolist()
    return received


def ranked_on_device(
    policy: Policy,
    weights: Sequence[torch.Tensor],
    density: float,
    room: Room,
    traffic: Traffic,
    group: dist.ProcessGroup,
) -> list[int]:
    """Return counts by rank 0's weights; rank 0 broadcasts its ranking, a float32 a layer.

    Each rank's host waits once a renewal, to read it, and works out the same counts. Not run on a GPU by us so far.
    """
    ranking = torch.empty(len(weights), dtype=torch.float32, device=weights[0].device)
    if dist.get_rank(group) == 0:
        ranking = policy.on_device(weights, density)
    collectives.broadcast(ranking, traffic, group)
    return room.shared(ranking.tolist())
