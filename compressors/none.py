"""No compression: the reference."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from rsbench.compressors import papers
from rsbench.compressors.base.compressor import Compressor

if TYPE_CHECKING:
    from torch.nn.parallel import DistributedDataParallel

    from rsbench.compressors.hooks.base import Hook


@dataclasses.dataclass(kw_only=True, eq=False)
class NoCompression(Compressor):
    """Whole float32 gradients by all-reduce, bit-equal to plain DDP."""

    name = "none"
    title = "no compression"
    source = "PyTorch DistributedDataParallel (Li et al., VLDB 2020)"
    references = (papers.DDP,)

    def make_hook(self, model: DistributedDataParallel) -> Hook:
        """Build an all-reduce that counts its bytes."""
        from rsbench.compressors.hooks.all_reduce import AllReduceHook  # late: start-up

        return AllReduceHook(model, self.identity)
