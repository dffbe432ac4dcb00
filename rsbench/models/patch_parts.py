"""What networks on patches have in common: how they are built, and their last layers."""

from __future__ import annotations

from typing import ClassVar, Self

from torch import nn

from rsbench.errors import RsbenchError

FEATURES = 128
"""Features of a patch, before the classes."""


class Head(nn.Sequential):
    """Two linear layers from a patch's features to the classes."""

    def __init__(self, inputs: int, classes: int) -> None:
        super().__init__(
            nn.Linear(inputs, FEATURES, bias=False),
            nn.ReLU(inplace=True),
            nn.Dropout(0.5),
            nn.Linear(FEATURES, classes),
        )


class PatchNetwork(nn.Module):
    """What the networks have in common: how they are built, and what they need."""

    needs_aux: ClassVar[bool]
    """Whether there must be another modality than the cube."""
    reads_both: ClassVar[bool] = True
    """Whether it makes use of both modalities where there are two."""

    def __init__(self, classes: int, bands: int, channels: int, side: int) -> None:
        super().__init__()

    @classmethod
    def of_text(cls, text: str, classes: int, bands: int, channels: int, side: int) -> Self:
        """Return the network that a model's text asks for.

        Raises:
            RsbenchError: the text gives options, and there are none.
        """
        name, colon, options = text.partition(":")
        if colon:
            raise RsbenchError(f'The model {name} has no options, but "{text}" gives "{options}": write {name}.')
        return cls(classes, bands, channels, side)
