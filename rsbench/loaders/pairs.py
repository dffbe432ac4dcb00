"""Tiles of two dates as batches, and what turns, crops and exchanges them in training."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import grid_sample

from rsbench.datasets.changes.prepared import Changes
from rsbench.loaders.images import symmetries
from rsbench.loaders.pinned import on_device

CROP = 60 / 512
"""The most that a crop takes off the side of a tile, as a fraction of it."""


class Pairs:
    """Reads tiles of two dates as scaled float32 tensors on a device, with their labels.

    Args:
        changes: prepared tiles; the memory maps are shared by all workers of a machine.
        train: positions of the training tiles, which alone the scaling and the classes' weights are taken from,
            shape [n].
        device: where batches go.
        channels_last: memory layout of the dates.

    Attributes:
        class_weights: of no change and change, as :meth:`Changes.class_weights` gives them, float32 [2].
    """

    def __init__(
        self, changes: Changes, train: NDArray[np.int64], device: torch.device, *, channels_last: bool
    ) -> None:
        self._before, self._after, self._labels = changes.before(), changes.after(), changes.labels()
        mean, std = changes.channel_mean_std(train)
        std = np.where(std > 0, std, 1)  # a channel of one value becomes 0
        self._mean, self._scale = (
            torch.tensor(values, dtype=torch.float32, device=device).view(1, -1, 1, 1) for values in (mean, 1 / std)
        )
        self.class_weights = torch.tensor(changes.class_weights(train), dtype=torch.float32, device=device)
        self._device = device
        self._format = torch.channels_last if channels_last else torch.contiguous_format

    def read(
        self, positions: NDArray[np.int64], rng: torch.Generator | None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return (before [B, C, S, S], after [B, C, S, S], labels [B, S, S] of int64, class weights [2]).

        Args:
            positions: of the tiles, shape [B].
            rng: draws the symmetries of the square, a crop and the exchange of dates, tile by tile; None leaves tiles
                as they are.
        """
        before, after = self._scaled(self._before[positions]), self._scaled(self._after[positions])
        labels = on_device(torch.from_numpy(self._labels[positions].astype(np.int64)), self._device).unsqueeze(1)
        if rng is not None:
            before, after, labels = symmetries((before, after, labels), rng)
            before, after, labels = crops(before, after, labels, rng)
            before, after = exchanged(before, after, rng)
        before, after = (date.contiguous(memory_format=self._format) for date in (before, after))
        return before, after, labels.squeeze(1).contiguous(), self.class_weights

    def _scaled(self, pixels_BHWC: NDArray[Any]) -> torch.Tensor:
        """Return one date as float32 [B, C, S, S], scaled channel by channel."""
        if pixels_BHWC.dtype != np.uint8:  # bytes are the fewest to copy to a device; torch knows few other integers
            pixels_BHWC = pixels_BHWC.astype(np.float32)
        pixels = on_device(torch.from_numpy(np.ascontiguousarray(pixels_BHWC)), self._device)
        return pixels.permute(0, 3, 1, 2).to(torch.float32).sub(self._mean).mul_(self._scale).contiguous()


def crops(
    before: torch.Tensor, after: torch.Tensor, labels: torch.Tensor, rng: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Crop each tile with probability one half, and resize the crop to the whole side.

    Both dates are interpolated, labels take the nearest pixel.

    Args:
        before: [B, C, S, S].
        after: [B, C, S, S].
        labels: [B, 1, S, S].
        rng: draws which tiles are cropped, how much, and where.
    """
    batch, side = len(before), before.shape[-1]
    most = int(side * CROP)
    draws = torch.rand(4, batch, generator=rng)
    if most == 0:
        return before, after, labels
    off = (1 + (draws[1] * most).floor()).clamp(max=most)  # pixels that a crop takes off, from 1
    top, left = ((off + 1) * draws[2:]).floor().minimum(off)
    grid = on_device(_grid(side, off, top, left), before.device)
    is_cropped = on_device(draws[0].lt(0.5), before.device).view(-1, 1, 1, 1)

    def resized(x_BCHW: torch.Tensor, mode: str) -> torch.Tensor:
        taken = grid_sample(x_BCHW.float(), grid, mode=mode, padding_mode="border", align_corners=False)
        return torch.where(is_cropped, taken.to(x_BCHW.dtype), x_BCHW)

    return resized(before, "bilinear"), resized(after, "bilinear"), resized(labels, "nearest")


def _grid(side: int, off: torch.Tensor, top: torch.Tensor, left: torch.Tensor) -> torch.Tensor:
    """Return where each pixel of the result lies in the tile, [B, S, S, 2], x before y, in -1..1.

    Args:
        side: of the tile, in pixels.
        off: pixels that the crop takes off the side, [B].
        top: first row of the crop, [B].
        left: first column of the crop, [B].
    """
    centres = (torch.arange(side) + 0.5) / side
    inside = (side - off).view(-1, 1)
    rows, columns = (2 * (start.view(-1, 1) + centres * inside) / side - 1 for start in (top, left))
    y, x = rows.unsqueeze(2).expand(-1, -1, side), columns.unsqueeze(1).expand(-1, side, -1)
    return torch.stack([x, y], dim=3)


def exchanged(before: torch.Tensor, after: torch.Tensor, rng: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Exchange the two dates of each tile with probability one half; what changed stays the same.

    Args:
        before: [B, C, S, S].
        after: [B, C, S, S].
        rng: draws which tiles.
    """
    swap = on_device(torch.rand(len(before), generator=rng).lt(0.5), before.device).view(-1, 1, 1, 1)
    return torch.where(swap, after, before), torch.where(swap, before, after)
