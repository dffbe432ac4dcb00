"""Sparse compressors that keep the momentum of what they compress."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rsbench.compressors.base.exchanging import ExchangingCompressor
from rsbench.compressors.base.options import option
from rsbench.errors import RsbenchError

if TYPE_CHECKING:
    import torch

    from rsbench.compressors.hooks.counts import Parts
    from rsbench.compressors.memory.error_feedback import NoMemory


@dataclasses.dataclass(kw_only=True, eq=False)
class MomentumCompressor(ExchangingCompressor):
    """A sparse compressor that keeps the momentum of the tensors it compresses."""

    momentum_masking: bool = option(True, "clear the momentum where a gradient was sent (momentum factor masking)")
    masking_density: float = option(1.0, "above this density of a tensor its momentum is not cleared", low=0, high=1)
    nesterov: bool = option(False, "Nesterov's momentum instead of the usual one")
    clip_norm: float = option(0.0, "clip each tensor's local gradient to this norm / sqrt(W); 0 does not clip", low=0)

    def owns_momentum(self, shape: Sequence[int]) -> bool:
        """Return whether momentum lives here: of compressed tensors; of those always sent whole, in the optimizer."""
        return self.layout(shape).compressed

    @property
    def looks_ahead(self) -> bool:
        """Whether momentum is Nesterov's, here and in the optimizer."""
        return self.nesterov

    def kept_momentum(self) -> float:
        """Return the momentum that :meth:`param_groups` was told, for the memory.

        Raises:
            RsbenchError: :meth:`param_groups` was never called.
        """
        if self.momentum is None:
            raise RsbenchError(
                f"{self.name} keeps the momentum itself and was told none: build the optimizer with "
                "SGD(compressor.param_groups(net, lr=..., momentum=..., weight_decay=...)), and others without "
                "momentum."
            )
        return self.momentum

    def make_memory(self, parameters: dict[str, torch.Tensor]) -> NoMemory:
        """Build momentum correction of the compressed parameters."""
        from rsbench.compressors.memory.error_feedback import MomentumCorrection  # late: start-up

        return MomentumCorrection(parameters, self.kept_momentum, self.nesterov)

    def parts(self) -> Parts:
        """Return the parts of a sparse compressor, with masking and clipping as the options say."""
        masking_density = self.masking_density if self.momentum_masking else -1.0
        return dataclasses.replace(super().parts(), masking_density=masking_density, clip_norm=self.clip_norm)
