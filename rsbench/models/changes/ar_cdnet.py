"""AR-CDNet: change detection that reviews its own masks and says where it is unsure.

After Li et al., "Towards Accurate and Reliable Change Detection of Remote Sensing Images via Knowledge Review and
Online Uncertainty Estimation", arXiv 2305.19513. Written afresh; docs/ar-cdnet.md says what is certain and what is
ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import nn

from rsbench.models.changes.ar_cdnet_loss import masks_loss, uncertainty_loss
from rsbench.models.changes.ar_cdnet_parts import (
    ConvNorm,
    GatedFusion,
    Head,
    KnowledgeReview,
    PyramidPooling,
    TemporalDifference,
    resized,
)
from rsbench.models.changes.base import ChangeNetwork, Outputs
from rsbench.models.changes.resnet_d import ResNet18D
from rsbench.models.weights import load_part
from rsbench.recipe.model_options import Choice, Option, Whole

PUBLISHED_PARAMETERS = 14_342_446
"""Parameters of the authors' network, by their training log; the default options give exactly as many."""
FINAL = -1
"""The mask that counts, the last of five; the others belong to the levels, from fine to coarse."""


class TopDown(nn.Module):
    """A decoder of one date: four maps of one width, each of which knows the coarser ones.

    Args:
        channels: of the encoder's maps, from fine to coarse.
        width: of what goes out.
    """

    def __init__(self, channels: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.reduce = nn.ModuleList(ConvNorm(inputs, width, 1) for inputs in channels[:-1])
        self.top = PyramidPooling(channels[-1], width)
        self.fusions = nn.ModuleList(GatedFusion(width) for _ in channels[:-1])

    def forward(self, maps: list[torch.Tensor]) -> list[torch.Tensor]:
        """Return maps [B, width, ., .] of the given maps' sizes, from fine to coarse."""
        decoded = [self.top(maps[-1])]
        for reduce, fusion, lower in reversed(list(zip(self.reduce, self.fusions, maps[:-1], strict=True))):
            decoded.insert(0, fusion(decoded[0], reduce(lower)))
        return decoded


class UncertaintyBranch(nn.Module):
    """A short look at both pictures themselves, joined with what the decoder found.

    Args:
        channels: of each picture.
        width: of what goes out.
        swapped: see :class:`~rsbench.models.changes.ar_cdnet_parts.TemporalDifference`.
    """

    def __init__(self, channels: int, width: int, *, swapped: bool) -> None:
        super().__init__()
        half = max(1, width // 2)
        self.stem = nn.Sequential(ConvNorm(channels, half, stride=2), ConvNorm(half, width, stride=2))
        self.difference = TemporalDifference(width, swapped=swapped)
        self.fuse = GatedFusion(width)

    def forward(self, pictures_DCHW: torch.Tensor, fine_BDHW: torch.Tensor) -> torch.Tensor:
        """Return a map [B, width, H / 4, W / 4]; the pictures are all of the first date, then all of the second."""
        before, after = self.stem(pictures_DCHW).chunk(2)
        fused: torch.Tensor = self.fuse(fine_BDHW, self.difference(before, after))
        return fused


class ArCdNet(ChangeNetwork):
    """A shared encoder and decoder for both dates, differences a level, reviews of the levels, and an uncertainty.

    Args:
        channels: of each picture.
        side: of a tile, in pixels; the network itself takes any from :attr:`least_side` on.
        width: channels of the decoder; the encoder has ``width`` to ``8 * width``. 64 as published.
        order: ``same`` lets both convolutions of a temporal difference see the dates in their order, as published;
            ``swapped`` turns it for the second.
    """

    options: ClassVar[Mapping[str, Option]] = {
        "width": Whole(default=64, least=4, most=256),
        "order": Choice(default="same", values=("same", "swapped")),
    }
    least_side: ClassVar[int] = 33
    """The coarsest map has more than one position then, which batch norm needs for a batch of one tile."""

    def __init__(self, channels: int, side: int, *, width: int = 64, order: str = "same") -> None:
        super().__init__(channels, side)
        swapped = order == "swapped"
        self.encoder = ResNet18D(channels, width)
        self.decoder = TopDown((width, 2 * width, 4 * width, 8 * width), width)
        self.differences = nn.ModuleList(TemporalDifference(width, swapped=swapped) for _ in range(4))
        self.uncertain = UncertaintyBranch(channels, width, swapped=swapped)
        self.reviews = nn.ModuleList(KnowledgeReview(width) for _ in range(3))
        self.join = ConvNorm(5 * width, width, 1)
        self.level_heads = nn.ModuleList(Head(width) for _ in range(4))
        self.uncertainty_head, self.head = Head(width), Head(width)

    def take_weights(self, model: str, weights: str, given: dict[str, torch.Tensor]) -> None:
        """Take the weights of a whole network of this kind, or of the encoder alone: a ResNet-18-D for ImageNet."""
        if any("decoder." in name for name in given):
            super().take_weights(model, weights, given)
        else:
            load_part(self, "encoder", model, weights, given)

    def forward(self, before_BCHW: torch.Tensor, after_BCHW: torch.Tensor) -> Outputs:
        """Return the log odds of change of five masks, [B, 5, H, W], and those of error, [B, 1, H, W].

        The last mask is the one that counts; error is that of this mask.
        """
        pictures_DCHW = torch.cat([before_BCHW, after_BCHW])
        dates = [decoded.chunk(2) for decoded in self.decoder(self.encoder(pictures_DCHW))]
        levels = [difference(*pair) for difference, pair in zip(self.differences, dates, strict=True)]
        masks = [head(level) for head, level in zip(self.level_heads, levels, strict=True)]
        unsure = self.uncertain(pictures_DCHW, levels[0])
        reviews = [
            review(levels[0], level, (masks[0], mask))
            for review, level, mask in zip(self.reviews, levels[1:], masks[1:], strict=True)
        ]
        masks.append(self.head(self.join(torch.cat([levels[0], *reviews, unsure], dim=1))))
        size = before_BCHW.shape[-2:]
        masks_BMHW = torch.cat([resized(mask, size) for mask in masks], dim=1)
        return masks_BMHW, resized(self.uncertainty_head(unsure), size)

    def loss_parts(
        self, outputs: Outputs, labels_BHW: torch.Tensor, class_weights: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        """Return the loss of the five masks and that of the uncertainty, in float32; classes are not weighted."""
        masks_BMHW, unsure_B1HW = (output.float() for output in outputs)
        return {
            "masks": masks_loss(masks_BMHW, labels_BHW),
            "uncertainty": uncertainty_loss(unsure_B1HW[:, 0], masks_BMHW[:, FINAL], labels_BHW),
        }

    def probability(self, outputs: Outputs) -> torch.Tensor:
        """Return the probability of change by the last mask, float32 [B, H, W]."""
        return torch.sigmoid(outputs[0][:, FINAL].float())

    def uncertainty(self, outputs: Outputs) -> torch.Tensor:
        """Return the probability that a pixel is wrong, float32 [B, H, W]."""
        return torch.sigmoid(outputs[1][:, 0].float())
