"""Top-k with error feedback."""

from __future__ import annotations

import dataclasses

from rsbench.compressors import papers
from rsbench.compressors.base.exchanging import ExchangingCompressor


@dataclasses.dataclass(kw_only=True, eq=False)
class TopK(ExchangingCompressor):
    """Sends the k = ceil(r n) largest |v| of each tensor, v <- v + g; what is not sent waits in v."""

    name = "topk"
    title = "Top-k"
    source = "Aji & Heafield, EMNLP 2017; Stich et al., NeurIPS 2018"
    references = (papers.AJI_2017, papers.STICH_2018)
