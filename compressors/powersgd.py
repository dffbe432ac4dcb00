"""PowerSGD: a matrix of low rank in place of each gradient."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rsbench.compressors import papers
from rsbench.compressors.base.compressor import BUCKET_CAP_MB, Compressor, Shapes
from rsbench.compressors.base.options import option
from rsbench.compressors.base.planned_collective import PlannedCollective
from rsbench.compressors.blocks.layout import Layout, dense, elements
from rsbench.compressors.density import allocation

if TYPE_CHECKING:
    from torch.nn.parallel import DistributedDataParallel

    from rsbench.compressors.hooks.base import Hook


@dataclasses.dataclass(kw_only=True, eq=False)
class PowerSGD(Compressor):
    """Sends M = v + g, read as a matrix [n, m], as a product P Q^T of rank r; what it misses waits in v.

    One power iteration a step from the Q of the step before. Tensors of fewer than two dimensions, and those with
    ``r (n + m) >= n m``, are sent whole.
    """

    name = "powersgd"
    title = "PowerSGD"
    source = "Vogels, Karimireddy & Jaggi, NeurIPS 2019"
    references = (papers.VOGELS_2019,)
    draws_at_random = True
    keeps_residual = True

    rank: int = option(4, "rank r of the matrices that are sent", low=1)
    draw_seed: int = option(0, "seed of the first Q, the same on all ranks", low=0)

    def layout(self, shape: Sequence[int]) -> Layout:
        """Return a compressed layout where factors are smaller than the matrix [shape[0], rest]."""
        if len(shape) < 2:
            return dense(shape)
        matrix = elements(shape)
        return matrix if self.rank * (matrix.rows + matrix.cols) < matrix.numel else dense(shape)

    def payload_bytes(self, shapes: Shapes, step: int, bucket_cap_mb: float = BUCKET_CAP_MB) -> int:
        """Return the payload bytes of a step: ``4 r (n + m)`` a matrix, whole tensors, and statuses."""
        layouts = [self.layout(shape) for shape in shapes.values()]
        values = sum(self.rank * (lay.rows + lay.cols) if lay.compressed else lay.numel for lay in layouts)
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

        return LowRankHook(model, self.identity, self.layout, self.rank, f"{self.draw_seed}:{self.seed}")
