"""Compressors that send all values of a tensor in a code of fixed length."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rsbench.compressors.base.compressor import BUCKET_CAP_MB, Compressor, Shapes
from rsbench.compressors.blocks.layout import Layout, coded, dense
from rsbench.compressors.density import allocation

if TYPE_CHECKING:
    from torch.nn.parallel import DistributedDataParallel

    from rsbench.compressors.hooks.base import Hook
    from rsbench.compressors.message.quantizers import Quantizer


@dataclasses.dataclass(kw_only=True, eq=False)
class QuantizedCompressor(Compressor):
    """One all-gather a bucket; tensors of fewer than two dimensions, and those too small to gain, are sent whole."""

    collective = "all_gather"

    def coded_bytes(self, elements: int) -> int:
        """Return the bytes of a tensor of so many elements in the code."""
        raise NotImplementedError

    def make_quantizer(self, rank: int) -> Quantizer:
        """Build the quantizer of a rank."""
        raise NotImplementedError

    def layout(self, shape: Sequence[int]) -> Layout:
        """Return all values in the code, or as they are."""
        return coded(shape, self.coded_bytes(dense(shape).numel)) if len(shape) >= 2 else dense(shape)

    def payload_bytes(self, shapes: Shapes, step: int, bucket_cap_mb: float = BUCKET_CAP_MB) -> int:
        """Return the payload bytes of a step: codes, whole tensors, headers."""
        layouts = [self.layout(shape) for shape in shapes.values()]
        return allocation.message_bytes(layouts, [layout.blocks for layout in layouts], bucket_cap_mb, step)

    def make_hook(self, model: DistributedDataParallel) -> Hook:
        """Build a hook of the quantizer, with error feedback where the compressor keeps a residual."""
        from rsbench.compressors.hooks.counts import Parts  # late: start-up
        from rsbench.compressors.hooks.sparse import SparseHook
        from rsbench.compressors.memory.error_feedback import ErrorFeedback, NoMemory
        from rsbench.compressors.selection.scores import MAGNITUDE
        from rsbench.compressors.selection.selectors import ExactSelector

        parts = Parts(
            layout=self.layout,
            score=MAGNITUDE,
            memory=ErrorFeedback if self.keeps_residual else lambda _: NoMemory(),
            selector=lambda device, rank: ExactSelector(),
            density_at=lambda step: 1.0,
            quantizer=self.make_quantizer,
        )
        return SparseHook(model, self.identity, parts)
