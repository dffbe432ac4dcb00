"""One network of a task on its way through training: its optimizer, and the compressor of its gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from rsbench.cell import CellSpec
from rsbench.compressors import Compressor
from rsbench.measure.older_torch import no_buffer_sync
from rsbench.measure.step_timer import StepTimer

_OPTIMIZERS: dict[str, Callable[[list[dict[str, Any]]], torch.optim.Optimizer]] = {
    "sgd": torch.optim.SGD,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
}
"""Optimizer of a cell -> what makes it of parameter groups."""


class TrainedNetwork:
    """A bare network with an optimizer.

    Args:
        name: of the network in its task; empty for a sole one.
        network: with its initial weights, on the device.
        groups: parameter groups of the optimizer.
        cell: optimizer and its numbers.

    Attributes:
        model: what the task's losses are computed with.
    """

    def __init__(self, name: str, network: nn.Module, groups: list[dict[str, Any]], cell: CellSpec) -> None:
        self.name, self.network, self.clip_norm = name, network, cell.clip_norm
        self.model = network
        self.optimizer = _OPTIMIZERS[cell.optimizer](groups)

    @classmethod
    def local(cls, name: str, network: nn.Module, cell: CellSpec) -> TrainedNetwork:
        """Return a network that trains alone, whose optimizer keeps all momentum."""
        group: dict[str, Any] = {"params": [p for p in network.parameters() if p.requires_grad], "lr": cell.lr}
        group["weight_decay"] = cell.weight_decay
        group |= {"momentum": cell.momentum} if cell.optimizer == "sgd" else {}
        return cls(name, network, [group], cell)

    @property
    def gradient_bytes(self) -> int:
        """Bytes of all its gradients."""
        return sum(p.nbytes for p in self.network.parameters() if p.requires_grad)

    def set_rate(self, rate: float) -> None:
        """Set the learning rate of the next step."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    def step(self, loss: torch.Tensor, timer: StepTimer) -> None:
        """Run the backward pass, then the optimizer's step, all timed.

        Raises:
            RsbenchError: a gradient is not finite on some rank that exchanges it.
        """
        self.backward(loss, timer)
        if self.clip_norm is not None:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.clip_norm)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=False)
        timer.end_of("optimizer")
        timer.end_of("end")

    def accumulate(self, loss: torch.Tensor, timer: StepTimer) -> None:
        """Run the backward pass alone: gradients are added up."""
        self.backward(loss, timer)
        timer.end_of("optimizer")
        timer.end_of("end")

    def backward(self, loss: torch.Tensor, timer: StepTimer) -> None:
        """Run the backward pass, timed."""
        timer.end_of("forward")
        self.run_backward(loss)
        timer.end_of("backward")

    def run_backward(self, loss: torch.Tensor) -> None:
        """Run the backward pass."""
        torch.autograd.backward(loss)


class CompressedNetwork(TrainedNetwork):
    """A network in its DDP wrapper, with a compressor and an optimizer of its own.

    Args:
        name: of the network in its task; empty for a sole one.
        network: with its initial weights, on the device.
        compressor: not yet registered.
        cell: optimizer and its numbers.
        device: this rank's.
        alone: no other network shares its parameters, so that gradients may be views of DDP's buckets.

    Attributes:
        elements: of all its parameters.
    """

    model: DistributedDataParallel

    def __init__(
        self,
        name: str,
        network: nn.Module,
        compressor: Compressor,
        cell: CellSpec,
        device: torch.device,
        *,
        alone: bool,
    ) -> None:
        self.compressor = compressor
        self.elements = sum(p.numel() for p in network.parameters())
        model = DistributedDataParallel(
            network,
            device_ids=[device.index] if device.type == "cuda" else None,
            bucket_cap_mb=cell.bucket_cap_mb,
            gradient_as_bucket_view=alone,
            **no_buffer_sync(),
        )
        compressor.register(model, seed=cell.derived_seed)
        momentum = cell.momentum if cell.optimizer == "sgd" else None
        groups = compressor.param_groups(network, lr=cell.lr, momentum=momentum, weight_decay=cell.weight_decay)
        super().__init__(name, network, groups, cell)
        self.model = model

    def run_backward(self, loss: torch.Tensor) -> None:
        """Run the backward pass with its exchange."""
        self.compressor.hook.backward(loss)


@contextmanager
def without_exchange(networks: Iterable[CompressedNetwork]) -> Iterator[None]:
    """Let the backward passes of what runs forward within add up gradients, and exchange nothing."""
    with ExitStack() as stack:
        for network in networks:
            stack.enter_context(network.model.no_sync())
        yield


def joined_stats(networks: Iterable[CompressedNetwork]) -> dict[str, Any]:
    """Return what the last step of all networks sent: bytes added up, densities under ``network.tensor``.

    Returns:
        The keys of :meth:`rsbench.compressors.Compressor.step_stats`.
    """
    joined: dict[str, Any] = {"density": {}, "mean_density": 0.0}
    whole = 0
    for network in networks:
        stats: Mapping[str, Any] = network.compressor.step_stats()
        prefix = f"{network.name}." if network.name else ""
        joined["density"] |= {prefix + tensor: share for tensor, share in stats["density"].items()}
        for key in ("payload_bytes", "wire_bytes", "dense_bytes", "one_d_bytes", "buckets"):
            joined[key] = joined.get(key, 0) + stats[key]
        joined["mean_density"] += stats["mean_density"] * network.elements
        whole += network.elements
    joined["mean_density"] /= whole
    return joined
