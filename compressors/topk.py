"""Top-k with error feedback."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rsbench.compressors.base.sparse import SparseCompressor
from rsbench.compressors.blocks.layout import Layout, elements

if TYPE_CHECKING:
    from torch.nn.parallel import DistributedDataParallel

    from rsbench.compressors.hooks.base import Hook


@dataclasses.dataclass(kw_only=True, eq=False)
class TopK(SparseCompressor):
    """Sends the k = ceil(r n) largest |v| of each tensor, v <- v + g; what is not sent waits in v."""

    name = "topk"
    title = "Top-k"
    source = "Aji & Heafield, EMNLP 2017; Stich et al., NeurIPS 2018"

    def cut(self, shape: Sequence[int]) -> Layout:
        """Single elements."""
        return elements(shape)

    def make_hook(self, model: DistributedDataParallel) -> Hook:
        """Error feedback, magnitude, uniform density."""
        from rsbench.compressors.hooks.sparse import SparseHook
        from rsbench.compressors.memory.error_feedback import ErrorFeedback
        from rsbench.compressors.selection.scores import MAGNITUDE

        return SparseHook(model, self.identity, self.parts(score=MAGNITUDE, memory=ErrorFeedback))
