"""How what is chosen reaches all ranks: which hook does it, and what it hands to collectives, from shapes alone.

``docs/decisions/0026-exchanges.md`` says what each costs and why. Torch is imported only to build a hook.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rsbench.compressors.base.planned_collective import PlannedCollective, added_up
from rsbench.compressors.blocks.layout import Layout
from rsbench.compressors.density import allocation, regions

if TYPE_CHECKING:
    from torch.nn.parallel import DistributedDataParallel

    from rsbench.compressors.hooks.base import Hook
    from rsbench.compressors.hooks.counts import Parts


@dataclasses.dataclass(frozen=True)
class Exchange:
    """One way.

    Attributes:
        collective: that carries most.
        per_node: ranks of a node, for exchanges that know nodes.
    """

    collective: ClassVar[str]

    per_node: int = 0

    def step(
        self, layouts: Sequence[Layout], counts: Sequence[int], buckets: Sequence[Sequence[int]], workers: int
    ) -> list[PlannedCollective]:
        """Return what a rank hands over in one step.

        Args:
            layouts: of all tensors, in the order of their registration.
            counts: blocks sent of each.
            buckets: the numbers of each bucket's tensors.
            workers: world size W.
        """
        return added_up(
            each
            for bucket in buckets
            for each in self.bucket([layouts[i] for i in bucket], [counts[i] for i in bucket], workers)
        )

    def bucket(self, layouts: Sequence[Layout], counts: Sequence[int], workers: int) -> list[PlannedCollective]:
        """Return what a rank hands over of one bucket of these tensors."""
        raise NotImplementedError

    def make_hook(self, model: DistributedDataParallel, identity: str, parts: Parts) -> Hook:
        """Build the hook of a compressor of these parts."""
        raise NotImplementedError


class AllGather(Exchange):
    """Every rank's message reaches every rank: (W-1) messages a rank."""

    collective = "all_gather"

    def bucket(self, layouts: Sequence[Layout], counts: Sequence[int], workers: int) -> list[PlannedCollective]:
        """Return one message."""
        message = allocation.HEADER_BYTES + allocation.body_bytes(layouts, counts)
        return [PlannedCollective(self.collective, message, 1)]

    def make_hook(self, model: DistributedDataParallel, identity: str, parts: Parts) -> Hook:
        """Build it."""
        from rsbench.compressors.hooks.sparse import SparseHook  # late: start-up

        return SparseHook(model, identity, parts)


class Shared(Exchange):
    """One rank's choice for all, so that values can be summed: their bytes a rank do not grow with W.

    Chen et al., NeurIPS 2020 (ScaleCom), CLT-k: the leader, rank t mod W, chooses from its own memory.
    """

    collective = "all_reduce"

    def bucket(self, layouts: Sequence[Layout], counts: Sequence[int], workers: int) -> list[PlannedCollective]:
        """Return the sum of the values, the leader's indices, and whether the gradients are finite."""
        indices = sum(layout.index_bytes(count) for layout, count in zip(layouts, counts, strict=True))
        return [
            PlannedCollective(self.collective, allocation.body_bytes(layouts, counts) - indices, 1),
            PlannedCollective("broadcast", indices, 1 if indices else 0),
            PlannedCollective("all_gather", allocation.STATUS_BYTES, 1),
        ]

    def make_hook(self, model: DistributedDataParallel, identity: str, parts: Parts) -> Hook:
        """Build it."""
        from rsbench.compressors.hooks.leader import LeaderHook  # late: start-up

        return LeaderHook(model, identity, parts)


class OkTopk(Exchange):
    """A sparse reduce-scatter and an all-gather of the best sums: 2 (W-1)/W messages a rank.

    Li & Hoefler, PPoPP 2022, with fixed capacities (:mod:`rsbench.compressors.density.regions`).
    """

    collective = "all_to_all"

    def bucket(self, layouts: Sequence[Layout], counts: Sequence[int], workers: int) -> list[PlannedCollective]:
        """Return all ranks' parts, which are the payload as in an all-reduce, and the sum of this rank's own."""
        sent, summed = regions.message_bytes(layouts, counts, workers)
        return [PlannedCollective(self.collective, sent, 1), PlannedCollective("all_gather", summed, 1, 0, 0)]

    def make_hook(self, model: DistributedDataParallel, identity: str, parts: Parts) -> Hook:
        """Build it."""
        from rsbench.compressors.hooks.regions import RegionsHook  # late: start-up

        return RegionsHook(model, identity, parts)


class Hierarchical(Exchange):
    """Dense sums inside nodes, one message a node between them: each rank carries its share of the node's."""

    collective = "all_gather"

    def ranks_per_node(self, workers: int) -> int:
        """Return the ranks of a node: as given, else ``LOCAL_WORLD_SIZE``, else all."""
        return self.per_node or int(os.environ.get("LOCAL_WORLD_SIZE") or workers)

    def bucket(self, layouts: Sequence[Layout], counts: Sequence[int], workers: int) -> list[PlannedCollective]:
        """Return the sum inside the node, this rank's share of the node's message, and what its node got by shares."""
        local = min(self.ranks_per_node(workers), workers)
        nodes = max(1, workers // local)
        message = allocation.HEADER_BYTES + allocation.body_bytes(layouts, counts)
        share = allocation.share_bytes(message, local)
        dense = sum(layout.dense_bytes for layout in layouts)
        return [
            PlannedCollective("all_reduce", dense, 1, local, 0),
            PlannedCollective(self.collective, share, 1, nodes, message),
            PlannedCollective("all_gather", nodes * share, 1, local, 0),
        ]

    def make_hook(self, model: DistributedDataParallel, identity: str, parts: Parts) -> Hook:
        """Build it."""
        from rsbench.compressors.hooks.hierarchical import HierarchicalHook  # late: start-up

        return HierarchicalHook(model, identity, parts, self.ranks_per_node)


EXCHANGES: dict[str, type[Exchange]] = {
    "all_gather": AllGather,
    "shared": Shared,
    "oktopk": OkTopk,
    "hierarchical": Hierarchical,
}
"""Words of the option ``exchange``."""
