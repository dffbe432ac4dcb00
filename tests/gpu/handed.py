"""Models whose gradients a part decides, and the shapes of two networks, without torchvision."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from rsbench.compressors import Compressor, parse

Shapes = dict[str, tuple[int, ...]]
Gradients = Sequence[torch.Tensor]
MOMENTUM = 0.5
"""A power of two: m u is exact, so that a fused multiply and add gives the same bits as the two one by one."""
SMALL_CAP_MB = 0.1
"""A size of buckets at which :data:`MIXED` has several from the second step on."""
MIXED: Shapes = {
    "conv": (64, 32, 3, 3), "point": (48, 40, 1, 1), "linear": (120, 310), "same": (120, 310), "bias": (90,),
    "one": (1, 1), "cube": (4, 3, 5),
}  # fmt: skip
"""All kinds of tensors: 3 x 3 and 1 x 1 kernels, equal shapes, ragged tiles, 1-D, one element, three dimensions."""


class _Given(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, parameter: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
        ctx.gradient = gradient
        return x.clone()

    @staticmethod
    def backward(ctx: Any, *received: torch.Tensor) -> Any:
        return received[0], ctx.gradient, None


class Handed(nn.Module):
    """Parameters of some shapes; the backward pass hands over gradients that were made before and computes nothing."""

    def __init__(self, shapes: Shapes, device: torch.device) -> None:
        super().__init__()
        for name, values in zip(shapes, self._weights(shapes, device), strict=True):
            self.register_parameter(name, nn.Parameter(values.mul_(0.1)))

    def _weights(self, shapes: Shapes, device: torch.device) -> list[torch.Tensor]:
        return gradients_drawn_on(device, shapes, 3)

    def forward(self, gradients: Gradients) -> torch.Tensor:
        """Return a number whose backward pass yields ``gradients``, one a parameter, the last layer's first."""
        x = torch.zeros((), requires_grad=True, device=gradients[0].device)
        for parameter, gradient in zip(self.parameters(), gradients, strict=True):
            x = _Given.apply(x, parameter, gradient)  # type: ignore[no-untyped-call]
        return x


class Dictated(Handed):
    """The same on every device, with a loss that may be scaled: the dot product of parameters and gradients."""

    def _weights(self, shapes: Shapes, device: torch.device) -> list[torch.Tensor]:
        return random_gradients(shapes, 3, device)

    def forward(self, gradients: Gradients) -> torch.Tensor:
        """Return the loss."""
        return torch.stack([(p * g).sum() for p, g in zip(self.parameters(), gradients, strict=True)]).sum()


def random_gradients(shapes: Shapes, seed: int, device: torch.device) -> list[torch.Tensor]:
    """Return normal gradients, drawn on the CPU, so that all devices get the same."""
    return [g.to(device) for g in gradients_drawn_on(torch.device("cpu"), shapes, seed)]


def gradients_drawn_on(device: torch.device, shapes: Shapes, seed: int) -> list[torch.Tensor]:
    """Return normal gradients, drawn on a device itself: soon there, but others on others."""
    rng = torch.Generator(device).manual_seed(seed)
    return [torch.randn(shape, generator=rng, device=device) for shape in shapes.values()]


def wrap(
    net: nn.Module, text: str, *, scaler: torch.amp.GradScaler | None = None, **ddp: Any
) -> tuple[DistributedDataParallel, Compressor]:
    """Return a network in DDP, and the compressor of a text at work on it."""
    model = DistributedDataParallel(net, gradient_as_bucket_view=True, **ddp)
    compressor = parse(text)
    compressor.register(model, scaler=scaler)
    compressor.param_groups(net, lr=0.1, momentum=MOMENTUM)
    return model, compressor


def backward(model: DistributedDataParallel, gradients: Gradients) -> None:
    """Exchange gradients."""
    model.zero_grad()
    model(gradients).backward()


def _numbered(shapes: Iterable[tuple[int, ...]]) -> Shapes:
    return {f"t{number}": shape for number, shape in enumerate(shapes)}


def vgg19() -> Shapes:
    """Return the shapes of VGG-19 (Simonyan & Zisserman 2015, column E) for 1,000 classes: 143,667,240 parameters."""
    found: list[tuple[int, ...]] = []
    width = 3
    for out, times in ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4)):
        for _ in range(times):
            found += [(out, width, 3, 3), (out,)]
            width = out
    for rows, columns in ((4096, 25088), (4096, 4096), (1000, 4096)):
        found += [(rows, columns), (rows,)]
    return _numbered(found)


def resnet50() -> Shapes:
    """Return the shapes of ResNet-50 (He et al. 2016) for 1,000 classes: 25,557,032 parameters."""
    found: list[tuple[int, ...]] = [(64, 3, 7, 7), (64,), (64,)]
    width = 64
    for stage, blocks in enumerate((3, 4, 6, 3)):
        inner = 64 << stage
        for block in range(blocks):
            for shape in ((inner, width, 1, 1), (inner, inner, 3, 3), (4 * inner, inner, 1, 1)):
                found += [shape, shape[:1], shape[:1]]
            if block == 0:
                found += [(4 * inner, width, 1, 1), (4 * inner,), (4 * inner,)]
            width = 4 * inner
    return _numbered([*found, (1000, 2048), (1000,)])


def small() -> Shapes:
    """Return a few shapes for the small version on a CPU."""
    return _numbered([(64, 32, 3, 3), (64,), (64, 64, 3, 3), (64,), (100, 1024), (100,)])
