"""Fully convolutional siamese networks: one encoder reads both dates, one decoder maps what changed."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import ClassVar

import torch
from torch import nn

from rsbench.models.changes.base import LogitsNetwork, Outputs, log_odds_of, weighted_cross_entropy
from rsbench.recipe.model_options import Option, Share, Whole

_DEPTHS = (2, 2, 3, 3)
"""Convolutions of the encoder's levels."""


class _Step(nn.Sequential):
    """A 3x3 convolution or its transpose, batch norm, ReLU, dropout of whole channels."""

    def __init__(
        self,
        convolution: type[nn.Conv2d] | type[nn.ConvTranspose2d],
        inputs: int,
        outputs: int,
        dropout: float,
    ) -> None:
        super().__init__(
            convolution(inputs, outputs, 3, padding=1),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Dropout2d(dropout),
        )


class _Up(nn.Module):
    """Twice the size by a transposed convolution of stride 2, joined with the skipped features of that size."""

    def __init__(self, width: int, skipped: int, widths: tuple[int, ...], dropout: float) -> None:
        super().__init__()
        self.enlarge = nn.ConvTranspose2d(width, width, 3, stride=2, padding=1, output_padding=1)
        self.steps = nn.Sequential(
            *(_Step(nn.ConvTranspose2d, one, other, dropout) for one, other in pairwise((width + skipped, *widths)))
        )

    def forward(self, deep_BDHW: torch.Tensor, skipped_BDHW: torch.Tensor) -> torch.Tensor:
        """Return features of the skipped features' size."""
        enlarged = _of_size(self.enlarge(deep_BDHW), skipped_BDHW)
        features: torch.Tensor = self.steps(torch.cat([enlarged, skipped_BDHW], dim=1))
        return features


class _FcSiam(LogitsNetwork):
    """What both networks share; they differ in what the decoder sees of the two dates' features.

    Four levels of convolutions and 2x2 pooling read each date with the same weights. The decoder starts from the
    deepest features of the second date and meets both dates' features at each size. Sides that 16 does not divide lose
    a row or column in pooling; the decoder repeats its last one there.

    Args:
        channels: of each picture.
        side: of a tile, in pixels; any from 16 on.
        width: channels of the first level; each further level has twice as many.
        dropout: share of channels that are left out in training after each convolution but the last.
    """

    options: ClassVar[Mapping[str, Option]] = {
        "width": Whole(default=16, least=1, most=256),
        "dropout": Share(default=0.2, most=0.9),
    }
    least_side: ClassVar[int] = 16
    dates_skipped: ClassVar[int]
    """How many dates' worth of channels the decoder meets at each size."""

    def __init__(self, channels: int, side: int, *, width: int = 16, dropout: float = 0.2) -> None:
        super().__init__(channels, side)
        widths = [width * 2**level for level in range(len(_DEPTHS))]
        inputs = [channels, *widths[:-1]]
        self.levels = nn.ModuleList(
            nn.Sequential(*(_Step(nn.Conv2d, start if number == 0 else own, own, dropout) for number in range(depth)))
            for start, own, depth in zip(inputs, widths, _DEPTHS, strict=True)
        )
        self.ups = nn.ModuleList(
            _Up(own, self.dates_skipped * own, (*[own] * (depth - 1), inputs[level]) if level else (own,), dropout)
            for level, (own, depth) in reversed(list(enumerate(zip(widths, _DEPTHS, strict=True))))
        )
        self.head = nn.ConvTranspose2d(width, 2, 3, padding=1)

    def forward(self, before_BCHW: torch.Tensor, after_BCHW: torch.Tensor) -> Outputs:
        """Return the logits of no change and change, [B, 2, H, W]."""
        before, _ = self._encoded(before_BCHW)
        after, deep_BDHW = self._encoded(after_BCHW)
        for up, one, other in zip(self.ups, reversed(before), reversed(after), strict=True):
            deep_BDHW = up(deep_BDHW, self.joined(one, other))
        return (self.head(deep_BDHW),)

    def loss_parts(
        self, outputs: Outputs, labels_BHW: torch.Tensor, class_weights: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        """Return the cross-entropy in which both classes of the training part weigh the same together."""
        return {"cross_entropy": weighted_cross_entropy(log_odds_of(outputs), labels_BHW, class_weights)}

    def joined(self, before_BDHW: torch.Tensor, after_BDHW: torch.Tensor) -> torch.Tensor:
        """Return what the decoder sees of both dates' features of one size."""
        raise NotImplementedError

    def _encoded(self, picture_BCHW: torch.Tensor) -> tuple[list[torch.Tensor], torch.Tensor]:
        """Return the features of each level before pooling, and the deepest after it."""
        features = []
        for level in self.levels:
            features.append(level(picture_BCHW))
            picture_BCHW = nn.functional.max_pool2d(features[-1], 2)
        return features, picture_BCHW


class FcSiamConc(_FcSiam):
    """The decoder sees the features of both dates side by side."""

    dates_skipped: ClassVar[int] = 2

    def joined(self, before_BDHW: torch.Tensor, after_BDHW: torch.Tensor) -> torch.Tensor:
        """Return both, [B, 2 D, H, W]."""
        return torch.cat([before_BDHW, after_BDHW], dim=1)


class FcSiamDiff(_FcSiam):
    """The decoder sees how far the features of both dates differ."""

    dates_skipped: ClassVar[int] = 1

    def joined(self, before_BDHW: torch.Tensor, after_BDHW: torch.Tensor) -> torch.Tensor:
        """Return the absolute difference, [B, D, H, W]."""
        return (before_BDHW - after_BDHW).abs()


def _of_size(small_BDHW: torch.Tensor, like_BDHW: torch.Tensor) -> torch.Tensor:
    """Return features with their last row and column repeated where the other ones have one more."""
    if small_BDHW.shape[2] < like_BDHW.shape[2]:
        small_BDHW = torch.cat([small_BDHW, small_BDHW[:, :, -1:]], dim=2)
    if small_BDHW.shape[3] < like_BDHW.shape[3]:
        small_BDHW = torch.cat([small_BDHW, small_BDHW[:, :, :, -1:]], dim=3)
    return small_BDHW
