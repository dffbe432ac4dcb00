"""Half-precision exchange."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from rsbench.compressors import papers
from rsbench.compressors.base.compressor import Compressor

if TYPE_CHECKING:
    from torch.nn.parallel import DistributedDataParallel

    from rsbench.compressors.hooks.base import Hook


@dataclasses.dataclass(kw_only=True, eq=False)
class FP16(Compressor):
    """Whole gradients by all-reduce in float16: half the bytes, no residual."""

    name = "fp16"
    title = "fp16"
    source = "PyTorch DDP communication hooks: fp16 compression"
    references = (papers.DDP,)
    bytes_per_element = 2.0

    def make_hook(self, model: DistributedDataParallel) -> Hook:
        """Build an all-reduce in float16 that counts its bytes."""
        from rsbench.compressors.hooks.all_reduce import HalfAllReduceHook  # late: start-up

        return HalfAllReduceHook(model, self.identity)
