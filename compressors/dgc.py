"""Deep Gradient Compression."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rsbench.compressors.base.momentum import MomentumCompressor
from rsbench.compressors.blocks.layout import Layout, elements

if TYPE_CHECKING:
    from torch.nn.parallel import DistributedDataParallel

    from rsbench.compressors.hooks.base import Hook


@dataclasses.dataclass(kw_only=True, eq=False)
class DGC(MomentumCompressor):
    """Top-k on v with momentum correction u <- m u + g, v <- v + u, and momentum factor masking."""

    name = "dgc"
    title = "DGC"
    source = "Lin et al., ICLR 2018, arXiv 1712.01887"

    def cut(self, shape: Sequence[int]) -> Layout:
        """Single elements."""
        return elements(shape)

    def make_hook(self, model: DistributedDataParallel) -> Hook:
        """Momentum correction, magnitude, uniform density."""
        from rsbench.compressors.hooks.sparse import SparseHook
        from rsbench.compressors.selection.scores import MAGNITUDE

        return SparseHook(model, self.identity, self.parts(score=MAGNITUDE, **self.momentum_parts()))
