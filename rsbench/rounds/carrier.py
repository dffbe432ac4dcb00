"""Parameter differences as gradients, so that DistributedDataParallel hands them to a communication hook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn


class DifferenceCarrier(nn.Module):
    """The parameters of all networks once each, whose gradients are what is handed to :meth:`forward`.

    DistributedDataParallel around it hands differences to a communication hook bucket by bucket, as if they were
    gradients. A sole network's parameters keep their names; those of several are called ``network.tensor``.
    """

    def __init__(self, networks: Mapping[str, nn.Module]) -> None:
        super().__init__()
        if [*networks] == [""]:
            network = networks[""]
            self._modules, self._parameters, self._buffers = network._modules, network._parameters, network._buffers
        else:
            self._modules = dict(networks)

    def forward(self, differences: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return a scalar whose gradient is the differences, in the order of the parameters that train."""
        pairs = zip(trained(self).values(), differences, strict=True)
        return torch.stack([(p * d).sum() for p, d in pairs]).sum()


def trained(module: nn.Module) -> dict[str, nn.Parameter]:
    """Return name -> parameter of those that train, each once."""
    return {name: p for name, p in module.named_parameters() if p.requires_grad}
