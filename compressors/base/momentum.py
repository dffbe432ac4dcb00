"""Sparse compressors that keep the momentum of what they compress."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rsbench.compressors.base.options import option
from rsbench.compressors.base.sparse import SparseCompressor
from rsbench.errors import RsbenchError

if TYPE_CHECKING:
    pass


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
