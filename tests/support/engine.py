"""A model whose gradients a test decides, under a real hook."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from rsbench.compressors import Compressor, parse

MOMENTUM = 0.5
CAP_MB = 0.002


class Weights(nn.Module):
    """A model whose gradients are what the caller says: the loss is the dot product with them."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        shapes = {"conv": (7, 5, 3, 3), "point": (11, 4, 1, 1), "linear": (10, 31), "same": (10, 31), "bias": (9,)}
        shapes |= {"one": (1, 1), "cube": (4, 3, 5)}
        for name, shape in shapes.items():
            self.register_parameter(name, nn.Parameter(torch.randn(shape)))

    def forward(self, gradients: dict[str, torch.Tensor]) -> torch.Tensor:
        return torch.stack([(p * gradients[n]).sum() for n, p in self.named_parameters() if n in gradients]).sum()


def put_to_work(
    text: str, *, scaler: torch.amp.GradScaler | None = None, cap_mb: float = CAP_MB, **ddp: Any
) -> tuple[Weights, DistributedDataParallel, Compressor]:
    net = Weights()
    model = DistributedDataParallel(net, bucket_cap_mb=cap_mb, **ddp)
    compressor = parse(text)
    compressor.register(model, scaler=scaler)
    compressor.param_groups(net, lr=0.1, momentum=MOMENTUM)
    return net, model, compressor


def gradients(net: Weights, rng: torch.Generator) -> dict[str, torch.Tensor]:
    """Multiples of 2^-10, so that sums are exact in any order."""
    return {n: torch.randint(-2048, 2049, p.shape, generator=rng).float() / 1024 for n, p in net.named_parameters()}
