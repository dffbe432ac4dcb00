"""Networks of the tests of real training loops."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.distributed as dist
from torch import nn


class Dictated(nn.Module):
    """Gradients are what the caller says (the loss is the dot product with them): multiples of 2^-10, sums exact."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.conv = nn.Parameter(torch.randn(8, 6, 3, 3))
        self.linear = nn.Parameter(torch.randn(20, 31))
        self.bias = nn.Parameter(torch.randn(9))

    def gradients(self, seed: int) -> list[torch.Tensor]:
        rng = torch.Generator().manual_seed(100 * seed + dist.get_rank())
        return [torch.randint(-2048, 2049, p.shape, generator=rng) / 1024 for p in self.parameters()]

    def forward(self, gradients: Sequence[torch.Tensor | None]) -> torch.Tensor:
        """The loss; a tensor whose gradient is None is not used."""
        terms = [(p * g).sum() for p, g in zip(self.parameters(), gradients, strict=True) if g is not None]
        return torch.stack(terms).sum()


class Branches(nn.Module):
    """A trunk and two branches of which a step may use either, both or none; one layer is never used."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.trunk, self.left, self.right, self.never = (nn.Linear(12, 12) for _ in range(4))

    def forward(self, x: torch.Tensor, use: str) -> torch.Tensor:
        x = self.trunk(x).tanh()
        for branch in filter(None, use.split("+")):
            x = getattr(self, branch)(x)
        return x.square().mean()


class Tied(nn.Module):
    """Encoder and decoder share one matrix."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(4)
        self.encoder = nn.Linear(16, 16)
        self.decoder = nn.Linear(16, 16)
        self.decoder.weight = self.encoder.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.decoder(self.encoder(x.flatten(1)[:, :16]).tanh())


def convnet() -> nn.Sequential:
    torch.manual_seed(3)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 1), nn.Flatten(), nn.Linear(512, 12), nn.Tanh(), nn.Linear(12, 4)
    )
