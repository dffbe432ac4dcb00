"""The parts of AR-CDNet's decoder.

Each convolution has a bias and a batch norm; only those of channel gates and the last of a head have no norm.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from torch import nn

BINS: Final = (1, 2, 3, 5)
"""Positions a side that pyramid pooling averages to."""
_LEAST_SQUEEZED = 8
_SQUEEZED = 8
"""A gate of channels squeezes to so many times fewer, but not to fewer than the least."""


class ConvNorm(nn.Sequential):
    """A convolution that keeps the size, or rounds up its half, batch norm, ReLU.

    Args:
        inputs: channels that come in.
        outputs: channels that go out.
        kernel: side of the kernel, odd.
        stride: 1 or 2.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


class Head(nn.Sequential):
    """Log odds of each position: 3 x 3 with norm and ReLU, then 1 x 1 to one channel."""

    def __init__(self, width: int) -> None:
        super().__init__(ConvNorm(width, width), nn.Conv2d(width, 1, 1))


class PyramidPooling(nn.Module):
    """Means over large parts of a map, beside the map itself.

    Args:
        inputs: channels of the map.
        width: channels of each pooled map, and of what goes out.
    """

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Sequential(nn.AdaptiveAvgPool2d(bins), ConvNorm(inputs, width, 1)) for bins in BINS
        )
        self.fuse = ConvNorm(inputs + len(BINS) * width, width)

    def forward(self, x_BCHW: torch.Tensor) -> torch.Tensor:
        """Return a map [B, width, H, W]."""
        pooled = [resized(branch(x_BCHW), x_BCHW.shape[-2:]) for branch in self.branches]
        fused: torch.Tensor = self.fuse(torch.cat([x_BCHW, *pooled], dim=1))
        return fused


class GatedFusion(nn.Module):
    """A fine map, gated by a coarse one and joined with it.

    Args:
        width: channels of both maps, and of what goes out.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gate = nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width), nn.Sigmoid())
        self.refine = ConvNorm(width, width)
        self.fuse = ConvNorm(2 * width, width)

    def forward(self, upper_BDHW: torch.Tensor, lower_BDHW: torch.Tensor) -> torch.Tensor:
        """Return a map [B, width, H, W] of the lower, finer map's size."""
        upper_BDHW = resized(upper_BDHW, lower_BDHW.shape[-2:])
        refined_BDHW = self.refine(lower_BDHW * self.gate(upper_BDHW) + lower_BDHW)
        fused: torch.Tensor = self.fuse(torch.cat([upper_BDHW, refined_BDHW], dim=1))
        return fused


class TemporalDifference(nn.Module):
    """What differs between two dates: two 2 x 3 x 3 convolutions over (date, row, column), summed.

    They see both dates at once, so they are written as 3 x 3 convolutions of the dates' channels side by side: the same
    map, with weights that memory formats of pictures apply to.

    Args:
        width: channels of each date's map, and of what goes out.
        swapped: whether the second convolution sees the later date first.
    """

    def __init__(self, width: int, *, swapped: bool) -> None:
        super().__init__()
        self.forth, self.back = ConvNorm(2 * width, width), ConvNorm(2 * width, width)
        self.swapped = swapped

    def forward(self, before_BDHW: torch.Tensor, after_BDHW: torch.Tensor) -> torch.Tensor:
        """Return a map [B, width, H, W]."""
        dates = (before_BDHW, after_BDHW)
        first, second = torch.cat(dates, dim=1), torch.cat(dates[::-1] if self.swapped else dates, dim=1)
        difference: torch.Tensor = self.forth(first) + self.back(second)
        return difference


class ChannelGate(nn.Module):
    """Channels times a weight each, between 0 and 1, that follows from the means of all channels.

    Args:
        channels: that come in and go out.
        squeezed: width between the two 1 x 1 convolutions.
    """

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeezed, 1)
        self.excite = nn.Conv2d(squeezed, channels, 1)

    def forward(self, x_BCHW: torch.Tensor) -> torch.Tensor:
        """Return the map with its channels weighted, of the same shape."""
        means = x_BCHW.mean(dim=(2, 3), keepdim=True)
        return x_BCHW * torch.sigmoid(self.excite(torch.relu(self.squeeze(means))))


class ReviewUnit(nn.Module):
    """A joined pair of maps, read once more where a mask says so.

    Args:
        width: channels of each map of the pair, and of what goes out.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mix = ConvNorm(2 * width, 2 * width, 1)
        self.channels = ChannelGate(2 * width, max(_LEAST_SQUEEZED, width // _SQUEEZED))
        self.reduce = ConvNorm(2 * width, width)

    def forward(self, pair_BDHW: torch.Tensor, mask_B1HW: torch.Tensor | None) -> torch.Tensor:
        """Return a map [B, width, H, W]; no mask counts all positions alike."""
        mixed = self.mix(pair_BDHW)
        if mask_B1HW is not None:
            mixed = mixed * (1 + mask_B1HW)
        reduced: torch.Tensor = self.reduce(self.channels(mixed))
        return reduced


class KnowledgeReview(nn.Module):
    """What the finest map and a coarser one say together, with a look at where they disagree.

    Args:
        width: channels of both maps, and of what goes out.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.units = nn.ModuleList(ReviewUnit(width) for _ in range(3))
        self.join = ConvNorm(width + 1, width)

    def forward(
        self, fine_BDHW: torch.Tensor, coarse_BDHW: torch.Tensor, masks: Sequence[torch.Tensor]
    ) -> torch.Tensor:
        """Return a map [B, width, H, W] of the fine map's size.

        Args:
            fine_BDHW: the finest map.
            coarse_BDHW: a coarser map.
            masks: log odds of change, [B, 1, ., .], from the fine map and from the coarse one.
        """
        size = fine_BDHW.shape[-2:]
        pair = torch.cat([fine_BDHW, resized(coarse_BDHW, size)], dim=1)
        fine, coarse = (torch.sigmoid(resized(mask, size)) for mask in masks)
        weights = (None, 1 - coarse, (fine - coarse).abs())
        reviewed = torch.stack([unit(pair, weight) for unit, weight in zip(self.units, weights, strict=True)]).sum(0)
        joined: torch.Tensor = self.join(torch.cat([reviewed, fine], dim=1))
        return joined


def resized(x_BCHW: torch.Tensor, size: Sequence[int]) -> torch.Tensor:
    """Return a map of another height and width, by bilinear interpolation."""
    if tuple(x_BCHW.shape[-2:]) == tuple(size):
        return x_BCHW
    return nn.functional.interpolate(x_BCHW, size=tuple(size), mode="bilinear", align_corners=False)
