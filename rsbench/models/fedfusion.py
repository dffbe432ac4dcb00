"""A network on patches after FedFusion: each modality's shallow features in a subspace that all workers agree on.

After Li, Xie et al., "FedFusion: Manifold-driven federated learning for multi-satellite and multi-modality fusion",
TGRS 2024, arXiv 2311.09540. Our reading, no port: docs/fedfusion.md tells what is certain and what is ours. Not run on
a GPU by us so far.
"""

from __future__ import annotations

from typing import Any, Final, Self

import torch
from torch import nn

from rsbench.models.patch_parts import Head, PatchNetwork
from rsbench.recipe.fedfusion import FEATURES, SHOWN_ROWS, FedFusion, coordinate_share, parse_fedfusion

KEPT: Final = 0.9
"""Of the running Gram matrix, when a batch adds to it."""


class ShallowBranch(nn.Module):
    """Features of one modality at each position of a patch, half as many positions a side.

    A channel of ones takes the place of biases, so that levels (heights, backscatter) outlive the norm, which is over
    each sample alone and without parameters.

    Args:
        channels: of the modality.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels + 1, 16, 3, padding=1, bias=False),
            nn.ReLU(inplace=True),
            nn.Conv2d(16, 32, 1, bias=False),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2, ceil_mode=True),
            nn.Conv2d(32, FEATURES, 3, padding=1, bias=False),
            nn.GroupNorm(1, FEATURES, affine=False),
            nn.ReLU(inplace=True),
        )

    def forward(self, x_BCHW: torch.Tensor) -> torch.Tensor:
        """Return features [B, d, P, P], with P half the side, rounded up."""
        ones = torch.ones_like(x_BCHW[:, :1])
        features: torch.Tensor = self.layers(torch.cat([x_BCHW, ones], dim=1))
        return features


class Subspace(nn.Module):
    """The span of the leading eigenvectors of the features' Gram matrix F^T F, in which features have coordinates F V.

    A row of the feature matrix F [n, d] is a position of a sample. The Gram matrix is a buffer, a running mean over
    batches (divided by n), which is averaged over the ranks; the basis V [d, r] follows from that mean. V is
    constant in the backward pass: gradients flow through the coordinates only. Until the first averaging it is drawn
    at random.

    Args:
        rank: dimensions, r, below d.
    """

    not_averaged = frozenset({"basis_DR"})
    """An average of bases is no basis."""
    gram_DD: torch.Tensor
    basis_DR: torch.Tensor

    def __init__(self, rank: int) -> None:
        super().__init__()
        self.register_buffer("gram_DD", torch.zeros(FEATURES, FEATURES))
        self.register_buffer("basis_DR", nn.init.orthogonal_(torch.empty(FEATURES, rank)))

    def forward(self, features_BDPP: torch.Tensor) -> torch.Tensor:
        """Return coordinates [B, r, P, P]; while training, add the features to the Gram matrix."""
        if self.training:
            self._note(features_BDPP.detach())
        return nn.functional.conv2d(features_BDPP, self.basis_DR.T[:, :, None, None])

    @torch.no_grad()
    def _note(self, features_BDPP: torch.Tensor) -> None:
        """Add a batch's F^T F / n to the running mean; in place, which autocast leaves in float32."""
        rows_ND = features_BDPP.float().movedim(1, 3).reshape(-1, FEATURES)
        self.gram_DD.addmm_(rows_ND.T, rows_ND, beta=KEPT, alpha=(1 - KEPT) / len(rows_ND))

    @torch.no_grad()
    def after_averaging(self) -> None:
        """Take the basis from the Gram matrix, which is the same on all ranks now.

        Of all bases of the leading eigenvectors' span it is the one nearest to the basis before (orthogonal
        Procrustes problem): the layers behind have learnt those coordinates, and signs and order of eigenvectors
        mean nothing. In float64 on the CPU, so that ranks with other devices find the same one. A Gram matrix
        of zeros leaves the basis as it was.
        """
        gram_DD, before_DR = self.gram_DD.double().cpu(), self.basis_DR.double().cpu()
        if not gram_DD.any():
            return
        leading_DR = torch.linalg.eigh(gram_DD).eigenvectors[:, -before_DR.shape[1] :]
        left_RR, _, right_RR = torch.linalg.svd(leading_DR.T @ before_DR)
        self.basis_DR.copy_(leading_DR @ left_RR @ right_RR)


class FedFusionNetwork(PatchNetwork):
    """Two shallow branches, their coordinates in subspaces, joined side by side, as a sum, or both, then the classes.

    Of the joined map the head sees the position of the centre pixel and the mean over positions.

    Args:
        classes: number of outputs.
        bands: of the hyperspectral cube.
        channels: of the other modality.
        side: of a patch, in pixels; from 1 on.
        options: rank and join; None for the defaults.
    """

    needs_aux = True

    def __init__(self, classes: int, bands: int, channels: int, side: int, options: FedFusion | None = None) -> None:
        super().__init__(classes, bands, channels, side)
        self.options = options or FedFusion()
        rank, join = self.options.rank, self.options.join
        self.hsi, self.aux = ShallowBranch(bands), ShallowBranch(channels)
        self.subspaces = nn.ModuleList(nn.Identity() if self.options.keeps_all else Subspace(rank) for _ in range(2))
        self.maps = nn.ModuleList(nn.Conv2d(rank, rank, 1, bias=False) for _ in range(0 if join == "cat" else 2))
        width = {"cat": 2 * rank, "add": rank, "both": 3 * rank}[join]
        self.positions = (-(-side // 2)) ** 2
        self.middle = side // 2 // 2
        self.head = Head(2 * width, classes)

    @classmethod
    def of_text(cls, text: str, classes: int, bands: int, channels: int, side: int) -> Self:
        """Return the network with the text's options."""
        return cls(classes, bands, channels, side, parse_fedfusion(text))

    def forward(self, hsi_BCHW: torch.Tensor, aux_BCHW: torch.Tensor) -> torch.Tensor:
        """Return logits [B, classes]."""
        features = (self.hsi(hsi_BCHW), self.aux(aux_BCHW))
        coordinates = [subspace(one) for subspace, one in zip(self.subspaces, features, strict=True)]
        joined = [] if self.options.join == "add" else list(coordinates)
        if len(self.maps):
            first, second = (to_common(one) for to_common, one in zip(self.maps, coordinates, strict=True))
            joined.append(first + second)
        joined_BDPP = torch.cat(joined, dim=1)
        centre_BD = joined_BDPP[:, :, self.middle, self.middle]
        logits: torch.Tensor = self.head(torch.cat([centre_BD, joined_BDPP.mean(dim=(2, 3))], dim=1))
        return logits

    def record_facts(self) -> dict[str, Any]:
        """Return what a record's ``model`` section says of the subspaces: sizes that are computed, not sent."""
        options = self.options
        grams = [module.gram_DD for module in self.subspaces if isinstance(module, Subspace)]
        shares = {str(rows): coordinate_share(options.rank, rows) for rows in SHOWN_ROWS}
        return {
            "fedfusion": {
                "rank": options.rank,
                "join": options.join,
                "modalities": len(self.subspaces),
                "features": FEATURES,
                "positions": self.positions,
                "gram_bytes": sum(gram.nbytes for gram in grams),
                "coordinate_share": shares,
            }
        }
