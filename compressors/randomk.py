"""Random-k with error feedback: what selection is worth, by leaving it to chance."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from rsbench.compressors import papers
from rsbench.compressors.base.options import option
from rsbench.compressors.base.sparse import SparseCompressor

if TYPE_CHECKING:
    import torch

    from rsbench.compressors.selection.selectors import Selector


@dataclasses.dataclass(kw_only=True, eq=False)
class RandomK(SparseCompressor):
    """Sends k = ceil(r n) elements of v at random, v <- v + g; each rank draws its own, indices are sent."""

    name = "randomk"
    title = "Random-k"
    source = "Stich et al., NeurIPS 2018; the stratified draw is ours"
    references = (papers.STICH_2018,)
    draws_at_random = True

    draw_seed: int = option(0, "seed of the draws", low=0)

    def make_selector(self, device: torch.device, rank: int) -> Selector:
        """Build a selector that draws, each rank for itself."""
        from rsbench.compressors.selection.selectors import RandomSelector  # late: start-up

        return RandomSelector(f"{self.draw_seed}:{self.seed}:{rank}")
