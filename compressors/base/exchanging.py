"""Sparse compressors whose exchange can be chosen."""

from __future__ import annotations

import dataclasses

from rsbench.compressors.base.exchanges import EXCHANGES, Exchange
from rsbench.compressors.base.options import option
from rsbench.compressors.base.sparse import SparseCompressor
from rsbench.errors import RsbenchError


@dataclasses.dataclass(kw_only=True, eq=False)
class ExchangingCompressor(SparseCompressor):
    """A sparse compressor that works with every exchange in :data:`~rsbench.compressors.base.exchanges.EXCHANGES`."""

    exchange: str = option(
        "all_gather",
        "all ranks' messages to all; the blocks that one rank chooses in turn, summed; sums by regions, of which the"
        " best are kept (Ok-Topk); or dense sums inside nodes and messages between them",
        choices=tuple(EXCHANGES),
    )
    per_node: int = option(0, "ranks of a node for exchange=hierarchical; 0 takes LOCAL_WORLD_SIZE", low=0, high=65_536)

    def __post_init__(self) -> None:
        super().__post_init__()
        vars(self).update(collective=EXCHANGES[self.exchange].collective)
        if self.exchange == "shared" and self.values != "fp32":
            raise RsbenchError(
                f"{self.name}: exchange=shared sums values, which have no scale in common; leave out"
                f" values={self.values}, or take exchange=oktopk."
            )
        if self.per_node and self.exchange != "hierarchical":
            raise RsbenchError(
                f"{self.name}: per_node={self.per_node} is for exchange=hierarchical; leave it out with"
                f" exchange={self.exchange}."
            )

    @property
    def identity(self) -> str:
        """All options with their values; those of the exchange where it is asked for: older states are taken."""
        return super().identity.replace(",exchange=all_gather,per_node=0", "")

    @property
    def plan(self) -> Exchange:
        """How what is chosen reaches all ranks."""
        return EXCHANGES[self.exchange](self.per_node)
