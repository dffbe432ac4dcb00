"""A scene as its release declares it, for plans on machines that do not have it."""

from __future__ import annotations

from dataclasses import dataclass

from rsbench.datasets.base import Survey
from rsbench.datasets.split import VAL_SHARE_OF_TRAIN
from rsbench.recipe.split import OFFICIAL, parse_shares


@dataclass(frozen=True, kw_only=True)
class DeclaredPixels(Survey):
    """A scene that is not on disk.

    Attributes:
        classes: number of classes.
        hsi_bands: hyperspectral bands.
        aux_channels: channels of the other modality.
        labelled: labelled pixels.
        official_train: those of the official training list; None for a scene without lists.
    """

    classes: int
    hsi_bands: int
    aux_channels: int
    labelled: int
    official_train: int | None

    @property
    def contents(self) -> str:
        """The number of labelled pixels."""
        return f"{self.labelled:,} labelled pixels"

    @property
    def inputs(self) -> dict[str, int]:
        """Numbers of classes, of hyperspectral bands and of channels of the other modality."""
        return {"classes": self.classes, "hsi_bands": self.hsi_bands, "aux_channels": self.aux_channels}

    def train_samples(self, split: str, seed: int) -> int:
        """Return about how many pixels train; those that margins between blocks leave out are counted too."""
        if split == OFFICIAL and self.official_train is not None:
            return round((1 - VAL_SHARE_OF_TRAIN) * self.official_train)
        percent = (20.0, 10.0, 70.0) if split == OFFICIAL else parse_shares(split).percent
        kept = 1.0 if len(percent) == 3 else 1 - VAL_SHARE_OF_TRAIN
        return max(1, round(self.labelled * percent[0] / 100 * kept))
