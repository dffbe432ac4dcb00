"""Deep Gradient Compression."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rsbench.compressors.base.compressor import SparseCompressor
from rsbench.compressors.base.options import option
from rsbench.compressors.blocks.layout import Layout, elements
from rsbench.errors import RsbenchError

if TYPE_CHECKING:
    from torch.nn.parallel import DistributedDataParallel

    from rsbench.compressors.hooks.base import Hook


@dataclasses.dataclass(kw_only=True, eq=False)
class MomentumCompressor(SparseCompressor):
    """A sparse compressor that keeps the momentum of the tensors it compresses."""

    momentum_masking: bool = option(True, "clear the momentum where a gradient was sent (momentum factor masking)")
    masking_density: float = option(1.0, "above this density of a tensor its momentum is not cleared", low=0, high=1)
    nesterov: bool = option(False, "Nesterov's momentum instead of the usual one")
    clip_norm: float = option(0.0, "clip each tensor's local gradient to this norm / sqrt(W); 0 does not clip", low=0)

    def owns_momentum(self, shape: Sequence[int]) -> bool:
        """Compressed tensors keep their momentum here, tensors sent whole by kind in the optimizer."""
        return self.layout(shape).compressed

    @property
    def looks_ahead(self) -> bool:
        """Whether momentum is Nesterov's, here and in the optimizer."""
        return self.nesterov

    def kept_momentum(self) -> float:
        """Momentum for the memory.

        Raises:
            RsbenchError: :meth:`param_groups` was never called.
        """
        if self.momentum is None:
            raise RsbenchError(
                f"{self.name} keeps the momentum itself and was told none: build the optimizer with "
                "SGD(compressor.param_groups(net, lr=..., momentum=..., weight_decay=...))."
            )
        return self.momentum

    def momentum_parts(self) -> dict[str, Any]:
        """The parts that these options decide: momentum correction with or without masking, clipping."""
        from rsbench.compressors.memory.error_feedback import MomentumCorrection

        return {
            "memory": lambda parameters: MomentumCorrection(parameters, self.kept_momentum, self.nesterov),
            "masking_density": self.masking_density if self.momentum_masking else -1.0,
            "clip_norm": self.clip_norm,
        }


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
