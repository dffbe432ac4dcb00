"""Deep Gradient Compression."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rsbench.compressors.base import SparseCompressor
from rsbench.compressors.layout import Layout, elements
from rsbench.compressors.options import option
from rsbench.errors import RsbenchError

if TYPE_CHECKING:
    import torch
    from torch.nn.parallel import DistributedDataParallel

    from rsbench.compressors.hook import Hook
    from rsbench.compressors.memory import Memory


@dataclasses.dataclass(kw_only=True, eq=False)
class MomentumCompressor(SparseCompressor):
    """A sparse compressor that keeps the momentum of the tensors it compresses."""

    momentum_masking: bool = option(True, "clear the momentum where a gradient was sent (momentum factor masking)")

    def owns_momentum(self, shape: Sequence[int]) -> bool:
        """Compressed tensors keep their momentum here, tensors sent whole by kind in the optimizer."""
        return self.layout(shape).compressed

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

    def memory(self, parameters: dict[str, torch.Tensor]) -> Memory:
        """Momentum correction with or without masking."""
        from rsbench.compressors.memory import MomentumCorrection

        return MomentumCorrection(parameters, self.kept_momentum, self.momentum_masking)


@dataclasses.dataclass(kw_only=True, eq=False)
class DGC(MomentumCompressor):
    """Top-k on v with momentum correction u <- m u + g, v <- v + u, and momentum factor masking."""

    name = "dgc"
    title = "DGC"
    source = "Lin et al., ICLR 2018, arXiv 1712.01887"
    warmup_densities: ClassVar[tuple[float, ...]] = (0.25, 0.0625, 0.015625, 0.004, 0.001)

    warmup_steps: int = option(
        0, "steps of density warm-up in five stages from 25 % to 0.1 %, never below the density", low=0
    )

    def cut(self, shape: Sequence[int]) -> Layout:
        """Single elements."""
        return elements(shape)

    def density_at(self, step: int) -> float:
        """The larger of the density and the warm-up stage of this step (Lin et al., section 3.4)."""
        if step >= self.warmup_steps:
            return self.density
        stage = step * len(self.warmup_densities) // self.warmup_steps
        return max(self.density, self.warmup_densities[stage])

    @property
    def steady_from_step(self) -> int:
        """The first step at the asked density."""
        return self.warmup_steps

    def make_hook(self, model: DistributedDataParallel) -> Hook:
        """Momentum correction, magnitude, uniform density."""
        from rsbench.compressors.scores import Magnitude
        from rsbench.compressors.sparse import Parts, SparseHook

        parts = Parts(layout=self.layout, score=Magnitude(), memory=self.memory, density_at=self.density_at)
        return SparseHook(model, self.identity, parts)
