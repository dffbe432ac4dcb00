"""What a rank remembers of gradients that it has not sent. Flat float32 tensors, one set a parameter."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import torch

from rsbench.compressors.blocks.tensor_ops import Blocks

Tensors = dict[str, torch.Tensor]
Indices = torch.Tensor | None
"""Indices of some blocks, int64 [k]; None for the whole tensor."""
_LINE = 16  # elements of a cache line


@dataclasses.dataclass
class Residual:
    """One tensor's memory.

    Attributes:
        v: what waits to be sent, float32, shape [n]; the gradient itself where nothing is kept.
        u: velocity, float32, shape [n], or None.
        momentum: m.
        nesterov: look ahead.
        sound: bool, 0-dimensional, on a device: where false, gradients are zeros in the place of what is not finite,
            and u and v stay as they are; None where such gradients never come here.
    """

    v: torch.Tensor
    u: torch.Tensor | None = None
    momentum: float = 0.0
    nesterov: bool = False
    sound: torch.Tensor | None = None

    def accumulate(self, gradient: torch.Tensor, flat: slice = slice(None)) -> torch.Tensor:
        """Take ``gradient`` (elements ``flat`` of the tensor) into the memory and return v there."""
        v = self.v[flat]
        if self.u is None:
            return v if v.data_ptr() == gradient.data_ptr() else v.add_(gradient)
        u = self.u[flat]
        momentum = self.momentum if self.sound is None else torch.where(self.sound, self.momentum, 1.0).to(u.dtype)
        u = u.add_(gradient).mul_(momentum) if self.nesterov else u.mul_(momentum).add_(gradient)
        v.add_(u if self.sound is None else u * self.sound)
        return v.add_(gradient) if self.nesterov else v

    def at(self, blocks: Blocks, index: torch.Tensor) -> Residual:
        """Return a copy of the memory at some blocks, flat."""
        u = None if self.u is None else blocks.gather(self.u, index).view(-1)
        v = blocks.gather(self.v, index).view(-1)
        return dataclasses.replace(self, v=v, u=u)


class NoMemory:
    """What is not sent is lost."""

    def begin(self, name: str, gradient: torch.Tensor | None) -> Residual:
        """Return the gradient itself, flat float32 [n], in the place of v.

        Raises:
            ValueError: there is none.
        """
        if gradient is None:
            raise ValueError(f"no gradient of {name}, and nothing is kept")
        return Residual(gradient)

    def state(self) -> dict[str, Tensors]:
        """Return kind of memory (``v``, ``u``) -> tensor name -> values, which are saved and loaded in place."""
        return {}

    def clear(self, name: str, blocks: Blocks, index: Indices, *, mask: bool) -> None:
        """Zero v, and u where ``mask`` holds, at the blocks of a tensor that were sent."""
        kinds = [kind for kind in self.state() if mask or kind != "u"]
        cleared = [self.state()[kind][name] for kind in kinds]
        if index is not None:
            blocks.clear(index, *cleared)
        else:
            for values in cleared:
                values.zero_()

    def add(self, kind: str, name: str, blocks: Blocks, index: Indices, values: torch.Tensor) -> None:
        """Add values [k, block], or [n] for the whole tensor, to a kind of memory of a tensor."""
        held = self.state()[kind][name]
        if index is None:
            held.add_(values)
        else:
            blocks.add(held, index, values)


class ErrorFeedback(NoMemory):
    """v <- v + g; v <- 0 where sent (Stich et al., NeurIPS 2018; Aji & Heafield, EMNLP 2017).

    Args:
        parameters: tensor name -> parameter, any shape.

    Attributes:
        flat: kind of memory -> one float32 tensor for all parameters.
        places: tensor name -> index of its first element there.
    """

    def __init__(self, parameters: Tensors) -> None:
        self.flat: Tensors = {}
        self.places: dict[str, int] = {}
        self._shapes = parameters
        self.v = self._zeros("v")

    def _zeros(self, kind: str) -> Tensors:
        """Make one tensor for all parameters, kept in ``flat``, and return a view of it for each."""
        at = 0
        for name, parameter in self._shapes.items():
            self.places[name] = at
            at += -(-parameter.numel() // _LINE) * _LINE
        device = next((p.device for p in self._shapes.values()), None)
        self.flat[kind] = torch.zeros(at, dtype=torch.float32, device=device)
        return {name: self.flat[kind][self.places[name] :][: p.numel()] for name, p in self._shapes.items()}

    def begin(self, name: str, gradient: torch.Tensor | None) -> Residual:
        """Return the tensor's memory, still without this gradient."""
        return Residual(self.v[name])

    def state(self) -> dict[str, Tensors]:
        """Return the residual v."""
        return {"v": self.v}


class MomentumCorrection(ErrorFeedback):
    """u <- m u + g; v <- v + u; send v; v <- 0 where sent, and with masking u <- 0 there too.

    Lin et al., ICLR 2018 (arXiv 1712.01887), sections 3.1 and 3.2. Nesterov: u <- m (u + g); v <- v + u + g. At
    density 1 this is momentum SGD without masking and plain SGD with it.

    Args:
        parameters: tensor name -> parameter.
        momentum: returns m; asked at each use because the optimizer is built after the hook.
        nesterov: look ahead.
    """

    def __init__(self, parameters: Tensors, momentum: Callable[[], float], nesterov: bool) -> None:
        super().__init__(parameters)
        self.u = self._zeros("u")
        self._momentum, self._nesterov = momentum, nesterov

    def begin(self, name: str, gradient: torch.Tensor | None) -> Residual:
        """Return the tensor's memory, still without this gradient."""
        return Residual(self.v[name], self.u[name], self._momentum(), self._nesterov)

    def state(self) -> dict[str, Tensors]:
        """Return the velocity u and the residual v."""
        return {"u": self.u, "v": self.v}


def clip(gradient: torch.Tensor, limit: float, workers: int) -> None:
    """Scale a tensor's local gradient in place to a norm of at most ``limit / sqrt(W)``.

    Lin et al. 2018, section 3.2 (local gradient clipping); per tensor is our reading, since a hook never sees the whole
    gradient before it must send.
    """
    norm = torch.linalg.vector_norm(gradient)
    gradient.mul_((limit / workers**0.5 / (norm + 1e-6)).clamp_(max=1.0))
