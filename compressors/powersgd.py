"""PowerSGD: a matrix of low rank in place of each gradient."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Self

from rsbench.compressors import papers
from rsbench.compressors.base.compressor import BUCKET_CAP_MB, Compressor, Shapes
from rsbench.compressors.base.options import option
from rsbench.compressors.base.planned_collective import PlannedCollective
from rsbench.compressors.blocks.layout import Layout, dense, elements
from rsbench.compressors.density import allocation

_SETTINGS = 10_000
"""Ranks that ``--ratio`` tries between a whole rank and the next."""

if TYPE_CHECKING:
    from torch.nn.parallel import DistributedDataParallel

    from rsbench.compressors.hooks.base import Hook


@dataclasses.dataclass(kw_only=True, eq=False)
class PowerSGD(Compressor):
    """Sends M = v + g, read as a matrix [n, m], as a product P Q^T of rank r; what it misses waits in v.

    One power iteration a step from the Q of the step before. Tensors of fewer than two dimensions, and those with
    ``r (n + m) >= n m``, are sent whole.

    Between whole ranks (ours), ``rank=1.5`` has half of the bytes from rank 1 to rank 2 to share out: the matrix with
    the largest n + m gets the higher rank first (of equals the one that the model has first), then the next, and one
    whose higher rank no longer fits is passed over. One that would be sent whole at the higher rank keeps the lower.
    """

    name = "powersgd"
    title = "PowerSGD"
    source = "Vogels, Karimireddy & Jaggi, NeurIPS 2019"
    references = (papers.VOGELS_2019,)
    draws_at_random = True
    keeps_residual = True
    setting: ClassVar[str] = "rank"
    setting_range: ClassVar[tuple[float, float]] = (1.0, 2.0**20)  # of the most, every tensor is sent whole
    coarsest_words: ClassVar[str] = "factors of one column (rank=1)"

    rank: float = option(4.0, "rank r of the matrices that are sent; of 1.5 some have rank 1 and some rank 2", low=1)
    draw_seed: int = option(0, "seed of the first Q, the same on all ranks", low=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.rank = int(self.rank) if self.rank.is_integer() else self.rank  # so that texts say rank=2

    def with_setting(self, value: float) -> Self:
        """Return a fresh compressor of a rank, rounded down to four decimals."""
        return self.replace(rank=math.floor(value * _SETTINGS) / _SETTINGS)

    def layout(self, shape: Sequence[int]) -> Layout:
        """Return a compressed layout where factors are smaller than the matrix [shape[0], rest]."""
        if len(shape) < 2:
            return dense(shape)
        matrix = elements(shape)
        return matrix if math.floor(self.rank) * (matrix.rows + matrix.cols) < matrix.numel else dense(shape)

    def ranks(self, layouts: Sequence[Layout]) -> list[int]:
        """Return the rank of each tensor of a network, in the model's order; 0 where it is sent whole."""
        low = math.floor(self.rank)
        ranks = [low * layout.compressed for layout in layouts]
        more = {
            number: layout.rows + layout.cols
            for number, layout in enumerate(layouts)
            if layout.compressed and (low + 1) * (layout.rows + layout.cols) < layout.numel
        }
        left = (self.rank - low) * sum(more.values())
        for number in sorted(more, key=more.__getitem__, reverse=True):  # stable in reverse, too
            if more[number] <= left:
                ranks[number] += 1
                left -= more[number]
        return ranks

    def payload_bytes(self, shapes: Shapes, step: int, bucket_cap_mb: float = BUCKET_CAP_MB) -> int:
        """Return the payload bytes of a step: ``4 r (n + m)`` a matrix, whole tensors, and statuses."""
        layouts = [self.layout(shape) for shape in shapes.values()]
        ranks = self.ranks(layouts)
        values = sum(r * (one.rows + one.cols) or one.numel for r, one in zip(ranks, layouts, strict=True))
        buckets = allocation.bucket_count(layouts, bucket_cap_mb, step)
        return 4 * values + allocation.STATUS_BYTES * buckets

    def collectives(
        self, shapes: Shapes, steps: int, bucket_cap_mb: float = BUCKET_CAP_MB
    ) -> Sequence[PlannedCollective]:
        """Return what a run hands to collectives: two dependent sums a bucket, statuses gathered."""
        buckets = self._buckets(shapes, steps, bucket_cap_mb)
        statuses = allocation.STATUS_BYTES * buckets
        total = self.total_payload_bytes(shapes, steps, bucket_cap_mb)
        return [
            PlannedCollective("all_reduce", total - statuses, 2 * buckets),
            PlannedCollective("all_gather", statuses, buckets),
        ]

    def make_hook(self, model: DistributedDataParallel) -> Hook:
        """Build a hook of error feedback and factors."""
        from rsbench.compressors.hooks.low_rank import LowRankHook  # late: start-up

        return LowRankHook(model, self.identity, self.layout, self.ranks, f"{self.draw_seed}:{self.seed}")
