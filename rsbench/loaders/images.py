"""Images of decoded scenes as batches, and the symmetries of the square."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from rsbench.datasets.scenes.prepared import Scenes
from rsbench.loaders.pinned import on_device


class Pictures:
    """Reads images of decoded scenes as normalised float32 tensors on a device.

    Args:
        scenes: decoded scenes; the memory map is shared by all workers of a machine.
        train: positions of the training images, which alone the scaling is taken from, shape [n].
        device: where batches go.
        channels_last: memory layout of batches.
    """

    def __init__(self, scenes: Scenes, train: NDArray[np.int64], device: torch.device, *, channels_last: bool) -> None:
        self._images, self._labels = scenes.images(), scenes.labels()
        mean, std = scenes.channel_mean_std(train)
        std = np.where(std > 0, std, 1 / 255)  # a channel of one value stays 0
        self._mean = torch.tensor(mean * 255, dtype=torch.float32, device=device).view(1, 3, 1, 1)
        self._scale = torch.tensor(1 / (std * 255), dtype=torch.float32, device=device).view(1, 3, 1, 1)
        self._device = device
        self._format = torch.channels_last if channels_last else torch.contiguous_format

    def read(self, positions: NDArray[np.int64], rng: torch.Generator | None) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (images [B, 3, H, W], labels [B]).

        Args:
            positions: rows of the scenes, shape [B].
            rng: draws one of the eight symmetries of the square per image; None leaves images as they are.
        """
        pixels = on_device(torch.from_numpy(np.ascontiguousarray(self._images[positions])), self._device)
        x = pixels.permute(0, 3, 1, 2).to(torch.float32)
        x = x.sub_(self._mean).mul_(self._scale).contiguous()
        if rng is not None:
            (x,) = symmetries((x,), rng)
        y = on_device(torch.from_numpy(self._labels[positions]), self._device)
        return x.contiguous(memory_format=self._format), y


def symmetries(inputs: tuple[torch.Tensor, ...], rng: torch.Generator) -> tuple[torch.Tensor, ...]:
    """Flip left-right, up-down and about the diagonal, each with probability one half, sample by sample.

    Args:
        inputs: tensors [B, C, H, W] that show the same places: all are turned alike.
        rng: draws the turns.
    """
    choice = on_device(torch.rand(3, len(inputs[0]), generator=rng).lt(0.5), inputs[0].device)
    left_right, up_down, diagonal = (flag.view(-1, 1, 1, 1) for flag in choice)

    def turned(x_BCHW: torch.Tensor) -> torch.Tensor:
        x_BCHW = torch.where(left_right, x_BCHW.flip(3), x_BCHW)
        x_BCHW = torch.where(up_down, x_BCHW.flip(2), x_BCHW)
        return torch.where(diagonal, x_BCHW.transpose(2, 3), x_BCHW)

    return tuple(map(turned, inputs))
