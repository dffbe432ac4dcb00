"""Random-k with error feedback: what selection is worth, by leaving it to chance."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rsbench.compressors.base.options import option
from rsbench.compressors.base.sparse import SparseCompressor
from rsbench.compressors.blocks.layout import Layout, elements

if TYPE_CHECKING:
    import torch
    from torch.nn.parallel import DistributedDataParallel

    from rsbench.compressors.hooks.base import Hook
    from rsbench.compressors.selection.selectors import Selector


@dataclasses.dataclass(kw_only=True, eq=False)
class RandomK(SparseCompressor):
    """Sends k = ceil(r n) elements of v at random, v <- v + g; each rank draws its own, indices are sent."""

    name = "randomk"
    title = "Random-k"
    source = "Stich et al., NeurIPS 2018; the stratified draw is ours"

    draw_seed: int = option(0, "seed of the draws", low=0)

    def cut(self, shape: Sequence[int]) -> Layout:
        """Single elements."""
        return elements(shape)

    def make_selector(self, device: torch.device, rank: int) -> Selector:
        """Chance."""
        from rsbench.compressors.selection.selectors import RandomSelector

        return RandomSelector(1_000_003 * self.draw_seed + rank)

    def make_hook(self, model: DistributedDataParallel) -> Hook:
        """Error feedback, chance, uniform density."""
        from rsbench.compressors.hooks.sparse import SparseHook
        from rsbench.compressors.memory.error_feedback import ErrorFeedback
        from rsbench.compressors.selection.scores import MAGNITUDE

        return SparseHook(model, self.identity, self.parts(score=MAGNITUDE, memory=ErrorFeedback))
