"""The headroom row: what a step costs when nothing is sent."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from rsbench.compressors.base.compressor import Compressor

if TYPE_CHECKING:
    from torch.nn.parallel import DistributedDataParallel

    from rsbench.compressors.hooks.base import Hook


@dataclasses.dataclass(kw_only=True, eq=False)
class Noop(Compressor):
    """Sends nothing, so ranks drift apart: a bound on step time, not a way to train."""

    name = "noop"
    title = "noop (headroom)"
    source = "rsbench"
    trains = False
    collective = "none"
    bytes_per_element = 0.0

    def make_hook(self, model: DistributedDataParallel) -> Hook:
        """Build a hook that returns each rank's own gradient."""
        from rsbench.compressors.hooks.all_reduce import SilentHook  # late: start-up

        return SilentHook(model, self.identity)
