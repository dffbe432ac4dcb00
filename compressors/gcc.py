"""Gradient compression via centroid: drop what others can stand in for. The equations are our reading."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rsbench.compressors import papers
from rsbench.compressors.base.compressor import BUCKET_CAP_MB, Compressor, Shapes
from rsbench.compressors.base.options import option
from rsbench.compressors.base.planned_collective import PlannedCollective
from rsbench.compressors.blocks.layout import Layout, dense, elements, filters
from rsbench.compressors.density import allocation

if TYPE_CHECKING:
    from torch.nn.parallel import DistributedDataParallel

    from rsbench.compressors.hooks.base import Hook


@dataclasses.dataclass(kw_only=True, eq=False)
class GCC(Compressor):
    """Drops the most replaceable filters (near the others) and elements (near their mean); sends the rest.

    Our reading of Xie et al.: a tensor of more than two dimensions is cut into filters (first dimension), of which
    those with the smallest sum of Euclidean distances to the other filters' gradients are dropped; of a matrix the
    elements nearest to its mean gradient. Of J filters or elements ``J - floor(rho J)`` are kept, at least 1; tensors
    of fewer than two dimensions, and those too small to gain, are sent whole. What is dropped is lost, unless
    ``residual`` adds it to the next gradient (distances are then taken on the sum).

    With ``exchange=all_reduce`` the mask of step t + 1 is chosen by rank t mod W from its own gradient of step t and
    broadcast, so that the kept values can be summed by an all-reduce; step 0 is dense. With ``all_gather`` each rank
    sends a mask of its own, made from the gradient that it sends.
    """

    name = "gcc"
    title = "GCC"
    source = "Xie, Ma et al., TNNLS 2024, doi 10.1109/TNNLS.2024.3517535; equations are our reading"
    references = (papers.XIE_2024_GCC,)

    rho: float = option(0.5, "share of the filters or elements that is dropped", low=0, high=1)
    residual: bool = option(False, "keep what is dropped in a residual")
    exchange: str = option(
        "all_reduce",
        "one mask for all ranks, made in turn from the step before, or each rank its own",
        choices=("all_reduce", "all_gather"),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        vars(self).update(keeps_residual=self.residual, collective=self.exchange)

    @property
    def steady_from_step(self) -> int:
        """The first step that has masks."""
        return 1 if self.exchange == "all_reduce" else 0

    def layout(self, shape: Sequence[int]) -> Layout:
        """Cut into filters or, of a matrix, elements; tensors below two dimensions stay whole."""
        if len(shape) < 2:
            return dense(shape)
        return elements(shape) if len(shape) == 2 else filters(shape)

    def kept(self, layout: Layout) -> int:
        """Return the blocks that are kept: ``J - floor(rho J)``, at least 1."""
        return allocation.share_of(1 - self.rho, layout.blocks)

    # --- bytes -------------------------------------------------------------------------------------------------

    def _mask_bytes(self, shapes: Shapes) -> int:
        """Return the bytes of the masks that an all-reduce needs beside it."""
        layouts = [self.layout(shape) for shape in shapes.values()]
        return sum(layout.index_bytes(self.kept(layout)) for layout in layouts)

    def payload_bytes(self, shapes: Shapes, step: int, bucket_cap_mb: float = BUCKET_CAP_MB) -> int:
        """Return the payload bytes of a step: kept values, headers, masks (as a rule a bit a filter or element)."""
        layouts = [self.layout(shape) for shape in shapes.values()]
        sizes = [self.kept(layout) for layout in layouts]
        if self.exchange == "all_gather":
            return allocation.message_bytes(layouts, sizes, bucket_cap_mb, step)
        status = allocation.STATUS_BYTES * allocation.bucket_count(layouts, bucket_cap_mb, step)
        if step == 0:
            values = sum(layout.dense_bytes for layout in layouts) + self._mask_bytes(shapes)
        else:
            values = sum(layout.sparse_bytes(size) for layout, size in zip(layouts, sizes, strict=True))
        return values + status * self.residual

    def collectives(
        self, shapes: Shapes, steps: int, bucket_cap_mb: float = BUCKET_CAP_MB
    ) -> Sequence[PlannedCollective]:
        """Return what a run hands to collectives: masks are broadcast, values summed, statuses gathered."""
        total = self.total_payload_bytes(shapes, steps, bucket_cap_mb)
        buckets = self._buckets(shapes, steps, bucket_cap_mb)
        if self.exchange == "all_gather":
            return [PlannedCollective("all_gather", total, buckets)]
        masks = steps * self._mask_bytes(shapes)
        statuses = allocation.STATUS_BYTES * buckets * self.residual
        return [
            PlannedCollective("all_reduce", total - masks - statuses, buckets),
            PlannedCollective("broadcast", masks, buckets if masks else 0),
            PlannedCollective("all_gather", statuses, buckets if statuses else 0),
        ]

    # --- use ---------------------------------------------------------------------------------------------------

    def make_hook(self, model: DistributedDataParallel) -> Hook:
        """Build a hook with one mask and an all-reduce, or with masks of each rank's own and an all-gather."""
        from rsbench.compressors.memory.error_feedback import ErrorFeedback, NoMemory  # late: start-up

        memory = ErrorFeedback if self.residual else lambda _: NoMemory()
        if self.exchange == "all_reduce":
            from rsbench.compressors.hooks.shared_mask import SharedMaskHook  # late: start-up

            return SharedMaskHook(model, self.identity, self.layout, self.kept, memory)
        from rsbench.compressors.hooks.counts import Parts  # late: start-up
        from rsbench.compressors.hooks.sparse import SparseHook
        from rsbench.compressors.selection.centroid import CentroidSelector
        from rsbench.compressors.selection.scores import MAGNITUDE

        parts = Parts(
            layout=self.layout,
            score=MAGNITUDE,
            memory=memory,
            selector=lambda device, rank: CentroidSelector(),
            density_at=lambda step: 1 - self.rho,
        )
        return SparseHook(model, self.identity, parts)
