"""Compressors that send all values of a tensor in a code of fixed length."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rsbench.compressors import counts
from rsbench.compressors.base import BUCKET_CAP_MB, Compressor
from rsbench.compressors.layout import Layout, coded, dense

if TYPE_CHECKING:
    from torch.nn.parallel import DistributedDataParallel

    from rsbench.compressors.codes import Code
    from rsbench.compressors.hook import Hook


@dataclasses.dataclass(kw_only=True, eq=False)
class CodedCompressor(Compressor):
    """One all-gather a bucket; tensors of fewer than two dimensions, and those too small to gain, are sent whole."""

    collective = "all_gather"

    def coded_bytes(self, elements: int) -> int:
        """Bytes of a tensor of so many elements in the code."""
        raise NotImplementedError

    def make_code(self, rank: int) -> Code:
        """The code of a rank."""
        raise NotImplementedError

    def layout(self, shape: Sequence[int]) -> Layout:
        """All values in the code, or as they are."""
        return coded(shape, self.coded_bytes(dense(shape).numel)) if len(shape) >= 2 else dense(shape)

    def payload_bytes(
        self, shapes: Mapping[str, Sequence[int]], step: int, bucket_cap_mb: float = BUCKET_CAP_MB
    ) -> int:
        """Payload bytes of a step at most: codes, whole tensors, headers."""
        layouts = [self.layout(shape) for shape in shapes.values()]
        return counts.message_bytes(layouts, [layout.blocks for layout in layouts], bucket_cap_mb)

    def make_hook(self, model: DistributedDataParallel) -> Hook:
        """The code, and error feedback where the compressor keeps a residual."""
        from rsbench.compressors.memory import ErrorFeedback, NoMemory
        from rsbench.compressors.scores import MAGNITUDE
        from rsbench.compressors.selection import ExactSelector
        from rsbench.compressors.sparse import Parts, SparseHook

        parts = Parts(
            layout=self.layout,
            score=MAGNITUDE,
            memory=ErrorFeedback if self.keeps_residual else lambda _: NoMemory(),
            selector=lambda device, rank: ExactSelector(),
            density_at=lambda step: 1.0,
            code=self.make_code,
        )
        return SparseHook(model, self.identity, parts)
