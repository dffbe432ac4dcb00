"""One network of a task on its way through training: its DDP wrapper, compressor and optimizer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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


class CompressedNetwork:
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
        self.name, self.network, self.compressor, self.clip_norm = name, network, compressor, cell.clip_norm
        self.elements = sum(p.numel() for p in network.parameters())
        self.model = DistributedDataParallel(
            network,
            device_ids=[device.index] if device.type == "cuda" else None,
            bucket_cap_mb=cell.bucket_cap_mb,
            gradient_as_bucket_view=alone,
            **no_buffer_sync(),
        )
        compressor.register(self.model, seed=cell.derived_seed)
        momentum = cell.momentum if cell.optimizer == "sgd" else None
        groups = compressor.param_groups(network, lr=cell.lr, momentum=momentum, weight_decay=cell.weight_decay)
        self.optimizer = _OPTIMIZERS[cell.optimizer](groups)

    def set_rate(self, rate: float) -> None:
        """Set the learning rate of the next step."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    def step(self, loss: torch.Tensor, timer: StepTimer) -> None:
        """Run the backward pass with its exchange, then the optimizer's step, all timed.

        Raises:
            RsbenchError: a gradient is not finite on some rank.
        """
        timer.end_of("forward")
        self._backward(loss)
        timer.end_of("backward")
        if self.clip_norm is not None:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.clip_norm)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=False)
        timer.end_of("optimizer")
        timer.end_of("end")

    def _backward(self, loss: torch.Tensor) -> None:
        """Run the backward pass; what a hook's callback raised comes back as the hook raised it."""
        try:
            torch.autograd.backward(loss)
        except RuntimeError:
            if self.compressor.hook.failure is not None:
                raise self.compressor.hook.failure from None
            raise


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
