"""Small networks for patches of a hyperspectral cube and another modality.

Almost all weights stand in tensors of two dimensions and more, so that large compression ratios are within reach: norms
have no parameters, and only the last layer has a bias. Norms are taken over each sample alone, so that a batch of
one trains too. All take both inputs; those of one modality leave the other alone and have no parameters for it. A
cube that stands alone comes with another modality of 0 channels, which networks that need it refuse.
"""

from __future__ import annotations

import torch
from torch import nn

from rsbench.errors import RsbenchError, did_you_mean
from rsbench.models.fedfusion import FedFusionNetwork
from rsbench.models.patch_parts import Head, PatchNetwork

WIDTH = 32
"""Channels of a pixel's features."""


def step(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """Return a convolution, a norm over the sample, a ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False),
        nn.GroupNorm(1, outputs, affine=False),
        nn.ReLU(inplace=True),
    )


class Levels(nn.Conv2d):
    """Features of each pixel alone without a norm, which would take away how high it stands or how much it scatters.

    A channel of ones takes the place of a bias, so that all weights stand in one tensor.
    """

    def __init__(self, channels: int, width: int) -> None:
        super().__init__(channels + 1, width, 1, bias=False)

    def forward(self, x_BCHW: torch.Tensor) -> torch.Tensor:
        """Return features [B, width, H, W]."""
        ones = torch.ones_like(x_BCHW[:, :1])
        return nn.functional.relu(super().forward(torch.cat([x_BCHW, ones], dim=1)))


class Branch(nn.Module):
    """One modality: the centre pixel, which is to be classified, beside what two strided convolutions see around it.

    Args:
        pixel: gives each pixel :data:`WIDTH` features. For spectra with a norm, which takes away how brightly a patch
            is lit; for heights and backscatter :class:`Levels`.
    """

    outputs = 3 * WIDTH

    def __init__(self, pixel: nn.Module) -> None:
        super().__init__()
        self.pixel = pixel
        self.around = nn.Sequential(step(WIDTH, WIDTH, 3, stride=2), step(WIDTH, 2 * WIDTH, 3, stride=2))

    def forward(self, x_BCHW: torch.Tensor) -> torch.Tensor:
        """Return features [B, 3 * WIDTH]."""
        pixels_BDHW = self.pixel(x_BCHW)
        middle = x_BCHW.shape[2] // 2
        return torch.cat([pixels_BDHW[:, :, middle, middle], self.around(pixels_BDHW).mean(dim=(2, 3))], dim=1)


class FusionCNN(PatchNetwork):
    """One branch a modality; their features are joined before the classes.

    While training, the other modality's features are left out of half of the samples, so that the network does not lean
    on what is peculiar to the places that were trained on, such as the height of single trees.

    Args:
        classes: number of outputs.
        bands: of the hyperspectral cube.
        channels: of the other modality.
        side: of a patch, in pixels.
    """

    needs_aux = True

    def __init__(self, classes: int, bands: int, channels: int, side: int) -> None:
        super().__init__(classes, bands, channels, side)
        self.hsi, self.aux = Branch(step(bands, WIDTH, 1)), Branch(Levels(channels, WIDTH))
        self.head = Head(2 * Branch.outputs, classes)

    def forward(self, hsi_BCHW: torch.Tensor, aux_BCHW: torch.Tensor) -> torch.Tensor:
        """Return logits [B, classes]."""
        kept_B1 = nn.functional.dropout(aux_BCHW.new_ones(len(aux_BCHW), 1), 0.5, self.training)
        joined = torch.cat([self.hsi(hsi_BCHW), self.aux(aux_BCHW) * kept_B1], dim=1)
        logits: torch.Tensor = self.head(joined)
        return logits


class HsiCNN(PatchNetwork):
    """The hyperspectral branch of :class:`FusionCNN` alone, with the same arguments."""

    needs_aux, reads_both = False, False

    def __init__(self, classes: int, bands: int, channels: int, side: int) -> None:
        super().__init__(classes, bands, channels, side)
        self.hsi, self.head = Branch(step(bands, WIDTH, 1)), Head(Branch.outputs, classes)

    def forward(self, hsi_BCHW: torch.Tensor, aux_BCHW: torch.Tensor) -> torch.Tensor:
        """Return logits [B, classes]; the second input plays no part."""
        logits: torch.Tensor = self.head(self.hsi(hsi_BCHW))
        return logits


class AuxCNN(PatchNetwork):
    """The other modality's branch of :class:`FusionCNN` alone, with the same arguments."""

    needs_aux, reads_both = True, False

    def __init__(self, classes: int, bands: int, channels: int, side: int) -> None:
        super().__init__(classes, bands, channels, side)
        self.aux, self.head = Branch(Levels(channels, WIDTH)), Head(Branch.outputs, classes)

    def forward(self, hsi_BCHW: torch.Tensor, aux_BCHW: torch.Tensor) -> torch.Tensor:
        """Return logits [B, classes]; the first input plays no part."""
        logits: torch.Tensor = self.head(self.aux(aux_BCHW))
        return logits


class SpectralSpatial(PatchNetwork):
    """A small transformer: groups of neighbouring bands of the centre, and pixels of both modalities, are its tokens.

    Args:
        classes: number of outputs.
        bands: of the hyperspectral cube.
        channels: of the other modality.
        side: of a patch, in pixels.
    """

    needs_aux = False
    groups = 8
    """Number of groups of bands."""

    def __init__(self, classes: int, bands: int, channels: int, side: int) -> None:
        super().__init__(classes, bands, channels, side)
        self.per_group = -(-bands // self.groups)
        self.cells = min(side, 5)
        self.spectral = nn.Linear(self.per_group, WIDTH, bias=False)
        self.pixel = nn.Conv2d(bands + channels, WIDTH, 1, bias=False)
        tokens = self.groups + self.cells**2
        self.place = nn.Parameter(0.02 * torch.randn(tokens, WIDTH))
        self.blocks = nn.Sequential(*(Attention(WIDTH, heads=4) for _ in range(2)))
        self.head = Head(WIDTH, classes)

    def forward(self, hsi_BCHW: torch.Tensor, aux_BCHW: torch.Tensor) -> torch.Tensor:
        """Return logits [B, classes]."""
        middle = hsi_BCHW.shape[2] // 2
        centre_BC = hsi_BCHW[:, :, middle, middle]
        padded = nn.functional.pad(centre_BC, (0, self.groups * self.per_group - centre_BC.shape[1]))
        spectral_BTD = self.spectral(padded.view(-1, self.groups, self.per_group))
        pixels_BDHW = self.pixel(torch.cat([hsi_BCHW, aux_BCHW], dim=1))
        spatial_BTD = nn.functional.adaptive_avg_pool2d(pixels_BDHW, self.cells).flatten(2).transpose(1, 2)
        tokens_BTD = self.blocks(torch.cat([spectral_BTD, spatial_BTD], dim=1) + self.place)
        logits: torch.Tensor = self.head(nn.functional.layer_norm(tokens_BTD.mean(dim=1), (WIDTH,)))
        return logits


class Attention(nn.Module):
    """A transformer block with norms before, without biases.

    Args:
        width: of a token.
        heads: of attention.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.mixed, self.out = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width, bias=False)
        self.wide, self.narrow = nn.Linear(width, 2 * width, bias=False), nn.Linear(2 * width, width, bias=False)

    def forward(self, x_BTD: torch.Tensor) -> torch.Tensor:
        """Return tokens of the same shape."""
        samples, tokens, width = x_BTD.shape
        mixed = self.mixed(nn.functional.layer_norm(x_BTD, (width,)))
        heads = (samples, tokens, self.heads, width // self.heads)
        q, k, v = (part.reshape(heads).transpose(1, 2) for part in mixed.chunk(3, dim=2))
        seen = nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        x_BTD = x_BTD + self.out(seen)
        wide = nn.functional.gelu(self.wide(nn.functional.layer_norm(x_BTD, (width,))))
        after: torch.Tensor = x_BTD + self.narrow(wide)
        return after


NETWORKS: dict[str, type[PatchNetwork]] = {
    "fusion-cnn": FusionCNN,
    "hsi-cnn": HsiCNN,
    "aux-cnn": AuxCNN,
    "sst": SpectralSpatial,
    "fedfusion": FedFusionNetwork,
}
"""Networks by the name that ``--model`` takes for pixels; options may follow a colon."""


def of_both() -> list[str]:
    """Return the names of the networks that make use of both modalities."""
    return [name for name, network in NETWORKS.items() if network.reads_both]


def network_class(model: str) -> type[PatchNetwork]:
    """Return the class of the network that a model's text names, whatever its options.

    Raises:
        RsbenchError: there is no such network.
    """
    name = model.partition(":")[0]
    if name not in NETWORKS:
        raise RsbenchError(f'There is no model "{model}" for pixels.{did_you_mean(name, NETWORKS)}')
    return NETWORKS[name]


def build(model: str, *, classes: int, bands: int, channels: int, side: int) -> nn.Module:
    """Build a network with random weights.

    Args:
        model: name in :data:`NETWORKS`, with ``:key=value,...`` where it has options.
        classes: number of outputs.
        bands: of the hyperspectral cube.
        channels: of the other modality; 0 where there is none.
        side: of a patch, in pixels.

    Raises:
        RsbenchError: there is no such network, it has no such option, or it needs another modality and there is none.
    """
    network = network_class(model)
    if network.needs_aux and not channels:
        alone = ", ".join(name for name, other in NETWORKS.items() if not other.needs_aux)
        raise RsbenchError(
            f"{model} needs two modalities, but the data are a hyperspectral cube alone: add the other modality, or "
            f"choose a --model that needs the cube only ({alone})."
        )
    return network.of_text(model, classes, bands, channels, side)
