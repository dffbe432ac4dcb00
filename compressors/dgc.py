"""Deep Gradient Compression."""

from __future__ import annotations

import dataclasses

from rsbench.compressors import papers
from rsbench.compressors.base.momentum import MomentumCompressor


@dataclasses.dataclass(kw_only=True, eq=False)
class DGC(MomentumCompressor):
    """Top-k on v with momentum correction u <- m u + g, v <- v + u, and momentum factor masking."""

    name = "dgc"
    title = "DGC"
    source = "Lin et al., ICLR 2018, arXiv 1712.01887"
    references = (papers.LIN_2018,)
