"""Top-k over blocks instead of elements, with error feedback."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rsbench.compressors import papers
from rsbench.compressors.base.exchanging import ExchangingCompressor
from rsbench.compressors.base.options import option
from rsbench.compressors.blocks.layout import NEIGHBORHOODS, Layout, neighborhoods

if TYPE_CHECKING:
    from rsbench.compressors.selection.scores import Score


@dataclasses.dataclass(kw_only=True, eq=False)
class BlockTopK(ExchangingCompressor):
    """Sends the k = ceil(r J) blocks of v with the largest mean |v| or L2 norm, v <- v + g."""

    name = "blocktopk"
    title = "Block Top-k"
    source = "rsbench: Top-k (Stich et al., NeurIPS 2018) over the neighbourhoods of RS-DGC"
    references = (papers.STICH_2018, papers.XIE_2024_RSDGC)

    score: str = option("mean", "importance of a block: mean of |v|, or L2 norm", choices=("mean", "l2"))
    neighborhood: str = option(
        "kernel", "k x k kernel slices (tiles elsewhere), or p x p tiles everywhere", choices=NEIGHBORHOODS
    )
    p: int = option(3, "side of a tile", low=1, high=64)

    def cut(self, shape: Sequence[int]) -> Layout:
        """Return the neighbourhoods of a tensor with at least two dimensions."""
        return neighborhoods(shape, self.neighborhood, self.p)

    def make_score(self) -> Score:
        """Build the score that ``score`` names."""
        from rsbench.compressors.selection.scores import SCORES  # late: start-up

        return SCORES[self.score]
