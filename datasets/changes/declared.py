"""Pairs as a release declares them, for plans on machines that do not have it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from rsbench.datasets.base import Survey
from rsbench.datasets.changes.tile_split import PERCENT, counted
from rsbench.datasets.split import VAL_SHARE_OF_TRAIN
from rsbench.recipe.split import OFFICIAL, parse_shares


@dataclass(frozen=True, kw_only=True)
class Release:
    """How many pairs a release holds, and their size.

    Attributes:
        train: pairs.
        val: pairs; 0 where a tenth of those that train validates.
        test: pairs.
        height: of a picture in pixels.
        width: of a picture in pixels.
        marked: share of the tiles that hold marked pixels.
    """

    train: int
    val: int
    test: int
    height: int
    width: int
    marked: float = 1.0

    @property
    def pairs(self) -> int:
        """The number of all pairs."""
        return self.train + self.val + self.test

    @property
    def training(self) -> float:
        """Pairs that train under the official parts; a tenth less where there is no validation part."""
        return self.train if self.val else (1 - VAL_SHARE_OF_TRAIN) * self.train


@dataclass(frozen=True, kw_only=True)
class DeclaredChanges(Survey):
    """Pairs that are not on disk.

    Attributes:
        release: what is declared of them.
        channels: of each date.
        side: of the tiles in pixels.
    """

    release: Release
    channels: int
    side: int

    @property
    def contents(self) -> str:
        """The number of pairs, in words."""
        return counted(self.release.pairs, "pair")

    @property
    def inputs(self) -> dict[str, int]:
        """The number of classes and of channels of one date."""
        return {"classes": 2, "channels": self.channels}

    def sized(self, image_size: int) -> Self:
        """Return the survey of tiles of that side."""
        return replace(self, side=image_size)

    def train_samples(self, split: str, seed: int) -> int:
        """Return about how many tiles train: those of as many whole pictures as the split gives them."""
        release = self.release
        tiles = -(-release.height // self.side) * -(-release.width // self.side)
        return max(1, round(self._training(split) * tiles * release.marked))

    def _training(self, split: str) -> float:
        """Return how many pairs train."""
        if split == OFFICIAL and self.release.train:
            return self.release.training
        percent = PERCENT if split == OFFICIAL else parse_shares(split).percent
        kept = 1.0 if len(percent) == 3 else 1 - VAL_SHARE_OF_TRAIN
        return self.release.pairs * percent[0] / 100 * kept
