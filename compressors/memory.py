"""What a rank remembers of gradients that it has not sent. Flat float32 tensors, one set a parameter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

import torch

from rsbench.compressors.blocks import Blocks

Tensors = dict[str, torch.Tensor]


class Memory(Protocol):
    """Accumulates gradients and forgets what has been sent; keyed by tensor name."""

    def accumulate(self, name: str, gradient: torch.Tensor) -> torch.Tensor:
        """Add a flat gradient [n] and return the accumulated values [n] that blocks are chosen from."""

    def forget(self, name: str, blocks: Blocks, index: torch.Tensor) -> None:
        """The blocks in ``index`` are sent."""

    def forget_all(self, name: str) -> None:
        """The whole tensor is sent."""

    def state(self) -> dict[str, Tensors]:
        """Kind of memory -> tensor name -> values, for saving and loading in place."""


def _zeros(names: Iterator[tuple[str, torch.Tensor]]) -> Tensors:
    return {name: torch.zeros(p.numel(), dtype=torch.float32, device=p.device) for name, p in names}


class ErrorFeedback:
    """v <- v + g; v <- 0 where sent (Stich et al., NeurIPS 2018; Aji & Heafield, EMNLP 2017)."""

    def __init__(self, parameters: dict[str, torch.Tensor]) -> None:
        self.v = _zeros(iter(parameters.items()))

    def accumulate(self, name: str, gradient: torch.Tensor) -> torch.Tensor:
        """Return v + g, the residual itself."""
        return self.v[name].add_(gradient)

    def forget(self, name: str, blocks: Blocks, index: torch.Tensor) -> None:
        """Zero v at the blocks that were sent."""
        blocks.clear(self.v[name], index)

    def forget_all(self, name: str) -> None:
        """Zero v."""
        self.v[name].zero_()

    def state(self) -> dict[str, Tensors]:
        """The residual v."""
        return {"v": self.v}


class MomentumCorrection(ErrorFeedback):
    """u <- m u + g; v <- v + u; send v; v <- 0 where sent, and with masking u <- 0 there too.

    Lin et al., ICLR 2018 (arXiv 1712.01887), sections 3.1 and 3.2. At density 1 this is momentum SGD without
    masking and plain SGD with it.

    Args:
        parameters: tensor name -> parameter.
        momentum: returns m; asked at each use because the optimizer is built after the hook.
        masking: whether u is cleared where v was sent.
    """

    def __init__(self, parameters: dict[str, torch.Tensor], momentum: Callable[[], float], masking: bool) -> None:
        super().__init__(parameters)
        self.u = _zeros(iter(parameters.items()))
        self._momentum, self._masking = momentum, masking

    def accumulate(self, name: str, gradient: torch.Tensor) -> torch.Tensor:
        """Return v after u and v took the gradient in."""
        return self.v[name].add_(self.u[name].mul_(self._momentum()).add_(gradient))

    def forget(self, name: str, blocks: Blocks, index: torch.Tensor) -> None:
        """Zero v, and u under masking, at the blocks that were sent."""
        super().forget(name, blocks, index)
        if self._masking:
            blocks.clear(self.u[name], index)

    def forget_all(self, name: str) -> None:
        """Zero v, and u under masking."""
        super().forget_all(name)
        if self._masking:
            self.u[name].zero_()

    def state(self) -> dict[str, Tensors]:
        """The velocity u and the residual v."""
        return {"u": self.u, "v": self.v}
